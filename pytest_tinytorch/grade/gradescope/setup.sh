#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image of the assignment: Python, the kit, and what it needs.
set -euo pipefail
home="${AUTOGRADER:-/autograder}"
source="$home/source"
cd "$home" # so that nothing else is imported

python=""
for name in python3.13 python3.12 python3.11 python3; do
  if command -v "$name" >/dev/null && "$name" -c "import sys; sys.exit(sys.version_info < (3, 11))"; then
    python="$name"
    break
  fi
done
if [ -z "$python" ] || ! "$python" -c "import ensurepip" 2>/dev/null; then
  python="${python:-python3.11}"
  apt-get update -qq
  apt-get install -y -qq "$python" "$python-venv"
fi

"$python" -m venv "$home/environment"
python="$home/environment/bin/python"
for wheel in "$source"/wheels/*.whl; do
  "$python" -m pip install --quiet --disable-pip-version-check -c "$source/constraints.txt" "$wheel[grade]"
done

# Only the grader reads the course and the worked solution: submissions run as another user.
solution=$("$python" -P -c "from pytest_tinytorch.evidence.implementation import kit_home; print(kit_home())")
case "$solution" in
  "$home"/*) chmod -R go= "$source" "$solution" ;;
  *) echo "the kit is not installed in $home, but in $solution" >&2 && exit 1 ;;
esac
