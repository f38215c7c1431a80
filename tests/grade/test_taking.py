"""What is taken of a submission, and what is refused: links, compiled files, paths that lead out, bombs."""

from __future__ import annotations

import io
import os
import stat
import tarfile

import pytest

from pytest_tinytorch.grade import archives, taking
from pytest_tinytorch.grade.archives import take_from
from pytest_tinytorch.grade.course import MEGABYTE, Limits
from pytest_tinytorch.grade.taking import FILE, Item, Refused, take
from tests.grade.classes import hand_in, tarred, zipped

GOOD = {"tinytorch/adding.py": b"x = 1\n", "tinytorch/inner/more.py": b"y = 2\n"}
TAKEN = (("adding.py", b"x = 1\n"), ("inner/more.py", b"y = 2\n"))
SMALL = Limits(files=3, file_size=1, total_size=2)


def items(*paths, kind=FILE, data=b"x"):
    return [Item(path, kind, len(data), lambda most: data[:most]) for path in paths]


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def pack(request, tmp_path):
    """Makes a submission of a kind out of files."""

    def packed(contents):
        if request.param == "zip":
            return zipped(tmp_path / "ann.zip", contents)
        if request.param != "folder":
            return tarred(tmp_path / f"ann.{request.param}", contents)
        for path, data in contents.items():
            file = tmp_path / "ann" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return tmp_path / "ann"

    return packed


class TestWhatIsTaken:
    @pytest.mark.parametrize("around", ["", "my-torch/", "ann/my-torch-main/"])
    def test_is_the_package_and_nothing_else(self, pack, around):
        others = {"specs/test_01.py": b"", "conftest.py": b"", "__MACOSX/tinytorch/a.py": b""}
        contents = {f"{around}{path}": data for path, data in {**GOOD, **others}.items()}
        taken = take_from(pack(contents), Limits())
        assert taken.files == TAKEN
        assert taken.refused == ()

    def test_has_the_same_digest_whatever_it_is_packed_in(self, pack):
        assert (
            take_from(pack(GOOD), Limits()).digest
            == take(
                [Item(p, FILE, len(d), lambda most, d=d: d) for p, d in GOOD.items()], Limits()
            ).digest
        )

    def test_has_another_digest_for_each_change(self):
        def digest(*paths, data=b"x"):
            return take(items(*paths, data=data), Limits()).digest

        one = digest("tinytorch/a.py")
        others = [digest("tinytorch/b.py"), digest("tinytorch/a.py", data=b"y")]
        others += [
            digest("tinytorch/a.py", "tinytorch/b.py"),
            digest("tinytorch/a.py", "tinytorch/c.pyc"),
        ]
        assert len({one, *others}) == 5

    def test_is_the_students_and_not_the_worked_solution_of_a_fork(self):
        found = take(items("fork/tinytorch/a.py", "fork/reference/tinytorch/b.py"), Limits())
        assert [path for path, _ in found.files] == ["a.py"]

    @pytest.mark.parametrize(
        "name", ["a.pyc", "a.SO", "__pycache__/a.cpython-311.pyc", "x.pth", "a.pyd"]
    )
    def test_is_no_compiled_file(self, pack, name):
        taken = take_from(pack({**GOOD, f"tinytorch/{name}": b"\0"}), Limits())
        assert taken.files == TAKEN
        assert taken.refused == ((name, "compiled, or a file that Python obeys"),)
        assert taken.remarks == (f"not taken: {name} (compiled, or a file that Python obeys)",)

    def test_is_no_file_whose_name_cannot_be_shown(self):
        (refused,) = take(items("tinytorch/a.py", "tinytorch/b\x1b\udcff.py"), Limits()).refused
        assert refused == ("b\ufffd\ufffd.py", "its name cannot be shown")

    def test_is_said_in_a_few_lines(self):
        found = take(items("tinytorch/a.py", *(f"tinytorch/{n}.pyc" for n in range(9))), Limits())
        assert len(found.remarks) == taking.SHOWN + 1
        assert found.remarks[-1] == "not taken: 4 more"


@pytest.mark.skipif(os.name != "posix", reason="there are no such files")
class TestFilesThatAreNone:
    def test_links_and_pipes_in_a_folder_are_left_out(self, tmp_path):
        secret = tmp_path / "secret.py"
        secret.write_text("answer = 1\n", encoding="utf-8")
        package = hand_in(tmp_path / "ann", {"adding": "x = 1\n"}) / "tinytorch"
        (package / "link.py").symlink_to(secret)
        (package / "folder").symlink_to(tmp_path)
        os.mkfifo(package / "pipe.py")
        taken = take_from(tmp_path / "ann", Limits())
        assert [path for path, _ in taken.files] == ["adding.py"]
        assert dict(taken.refused) == {
            "link.py": "symbolic link",
            "folder": "symbolic link",
            "pipe.py": "pipe",
        }

    def test_a_package_that_is_a_link_is_refused(self, tmp_path):
        hand_in(tmp_path / "other", {"adding": ""})
        (tmp_path / "ann").mkdir()
        (tmp_path / "ann" / "tinytorch").symlink_to(tmp_path / "other" / "tinytorch")
        with pytest.raises(Refused, match="symbolic link"):
            take_from(tmp_path / "ann", Limits())

    def test_a_file_that_has_become_a_link_is_not_read(self, tmp_path):
        (tmp_path / "secret").write_text("answer", encoding="utf-8")
        (tmp_path / "link").symlink_to(tmp_path / "secret")
        with pytest.raises(OSError):
            archives.read_file(tmp_path / "link", 10)
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(Refused, match="no regular file"):
            archives.read_file(tmp_path / "pipe", 10)

    def test_links_in_a_zip_are_left_out(self, tmp_path):
        contents = {**GOOD, "tinytorch/link.py": b"/etc/passwd"}
        file = zipped(tmp_path / "a.zip", contents, {"tinytorch/link.py": stat.S_IFLNK | 0o777})
        taken = take_from(file, Limits())
        assert taken.files == TAKEN
        assert taken.refused == (("link.py", "symbolic link"),)

    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            (tarfile.SYMTYPE, "symbolic link"),
            (tarfile.LNKTYPE, "hard link"),
            (tarfile.FIFOTYPE, "pipe"),
            (tarfile.CHRTYPE, "device"),
        ],
    )
    def test_members_of_a_tarball_that_are_no_files_are_left_out(self, tmp_path, kind, name):
        other = tarfile.TarInfo("tinytorch/other.py")
        other.type, other.linkname = kind, "/etc/passwd"
        taken = take_from(tarred(tmp_path / "a.tar", GOOD, other), Limits())
        assert taken.files == TAKEN
        assert taken.refused == (("other.py", name),)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "path",
        [
            *(
                "../tinytorch/a.py",
                "tinytorch/../../a.py",
                "/tinytorch/a.py",
                "C:\\tinytorch\\a.py",
            ),
            *("..\\tinytorch\\a.py", "tinytorch/\0.py", "C:a/tinytorch/b.py"),
        ],
    )
    def test_paths_that_lead_out(self, path):
        with pytest.raises(Refused, match="leads out of it"):
            take(items("tinytorch/good.py", path), Limits())

    @pytest.mark.parametrize("ending", ["zip", "tar.gz"])
    def test_paths_that_lead_out_of_an_archive(self, tmp_path, ending):
        make = zipped if ending == "zip" else tarred
        file = make(tmp_path / f"a.{ending}", {**GOOD, "../../evil.py": b""})
        with pytest.raises(Refused, match="leads out of it"):
            take_from(file, Limits())

    @pytest.mark.parametrize("paths", [[], ["a.py"], ["tinytorch/a.txt"], [".git/tinytorch/a.py"]])
    def test_what_has_no_package(self, paths):
        with pytest.raises(Refused, match="no folder tinytorch/"):
            take(items(*paths), Limits())

    def test_what_has_two_packages(self):
        with pytest.raises(Refused, match="several folders tinytorch/: a/tinytorch, b/tinytorch"):
            take(items("a/tinytorch/x.py", "b/tinytorch/x.py"), Limits())

    def test_too_many_files(self):
        paths = [f"tinytorch/{n}.py" for n in range(4)]
        assert len(take(items(*paths[:3]), SMALL).files) == 3
        with pytest.raises(Refused, match="it has 4 files, and 3 are allowed"):
            take(items(*paths), SMALL)

    def test_one_file_that_is_too_large(self):
        data = b"x" * MEGABYTE
        assert take(items("tinytorch/a.py", data=data), SMALL).files
        with pytest.raises(Refused, match="larger than 1 MB"):
            take(items("tinytorch/a.py", data=data + b"x"), SMALL)

    def test_files_that_are_too_large_together(self):
        paths = [f"tinytorch/{n}.py" for n in range(3)]
        with pytest.raises(Refused, match="larger than 2 MB together"):
            take(items(*paths, data=b"x" * MEGABYTE), SMALL)

    def test_a_file_that_is_larger_than_it_says(self):
        liar = Item("tinytorch/a.py", FILE, 1, lambda most: b"x" * most)
        with pytest.raises(Refused, match="larger than 1 MB"):
            take([liar], SMALL)

    def test_a_path_that_is_there_twice(self):
        with pytest.raises(Refused, match="twice"):
            take(items("tinytorch/a.py", "tinytorch/a.py"), SMALL)


class TestArchives:
    @pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
    @pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
    def test_a_pipe_is_not_waited_for(self, tmp_path, name):
        os.mkfifo(tmp_path / name)
        with pytest.raises(Refused, match="it is no regular file"):
            take_from(tmp_path / name, Limits())

    def test_a_bomb_is_refused_before_it_is_unpacked(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "LARGEST_CONTENT", 3 * MEGABYTE)
        bomb = {**GOOD, "other.bin": b"\0" * 4 * MEGABYTE}
        for file in (zipped(tmp_path / "a.zip", bomb), tarred(tmp_path / "a.tar.gz", bomb)):
            assert file.stat().st_size < MEGABYTE / 10
            with pytest.raises(Refused, match="packed in it"):
                take_from(file, Limits())

    def test_a_zip_that_lies_about_sizes_is_refused(self, tmp_path):
        file = zipped(tmp_path / "a.zip", {"tinytorch/a.py": b"\0" * 2 * MEGABYTE})
        data = file.read_bytes()
        size = (2 * MEGABYTE).to_bytes(4, "little")
        assert data.count(size) == 2
        file.write_bytes(data.replace(size, (5).to_bytes(4, "little")))
        with pytest.raises(Refused):
            take_from(file, SMALL)

    def test_a_header_that_asks_for_memory_is_refused(self, tmp_path):
        """The name of a member can be as long as it says, and is read before anything else."""
        header = tarfile.TarInfo("././@LongLink")
        header.type, header.size = tarfile.GNUTYPE_LONGNAME, 900 * MEGABYTE
        file = tmp_path / "a.tar"
        file.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 10240)
        with pytest.raises(Refused):
            take_from(file, Limits())

    def test_so_many_files_are_not_even_listed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MOST_ITEMS", 40)
        many = {f"tinytorch/{n}.py": b"" for n in range(50)}
        folder = hand_in(tmp_path / "ann", {str(n): "" for n in range(50)})
        for place in (zipped(tmp_path / "a.zip", many), tarred(tmp_path / "a.tar", many), folder):
            with pytest.raises(Refused, match="more than 40 files"):
                take_from(place, Limits(files=10**6))

    def test_a_large_archive_is_not_opened(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "LARGEST_ARCHIVE", 10)
        with pytest.raises(Refused, match="the archive is larger"):
            take_from(zipped(tmp_path / "a.zip", GOOD), Limits())

    @pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
    @pytest.mark.parametrize(
        "data", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 600, b"\x1f\x8b\x08\0"]
    )
    def test_what_is_no_archive_is_refused(self, tmp_path, ending, data):
        file = tmp_path / f"a.{ending}"
        file.write_bytes(data)
        with pytest.raises(Refused):
            take_from(file, Limits())

    def test_an_archive_that_is_cut_short_is_refused(self, tmp_path):
        for file in (zipped(tmp_path / "a.zip", GOOD), tarred(tmp_path / "a.tar.gz", GOOD)):
            file.write_bytes(file.read_bytes()[:-40])
            with pytest.raises(Refused):
                take_from(file, Limits())

    def test_a_zip_with_a_password_is_refused(self, tmp_path):
        file = zipped(tmp_path / "a.zip", GOOD)
        data = bytearray(file.read_bytes())
        for start, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = -1
            while (at := data.find(start, at + 1)) >= 0:
                data[at + place] |= 1
        file.write_bytes(data)
        with pytest.raises(Refused, match="cannot be read"):
            take_from(file, Limits())

    def test_names_of_any_script_are_taken(self, tmp_path):
        contents = {**GOOD, "tinytorch/数据.py": b"z = 3\n"}
        for file in (zipped(tmp_path / "a.zip", contents), tarred(tmp_path / "a.tar", contents)):
            assert ("数据.py", b"z = 3\n") in take_from(file, Limits()).files

    def test_a_bounded_stream_gives_no_more(self):
        stream = archives.Bounded(io.BytesIO(b"x" * 100), 60)
        assert len(stream.read(50)) == 50
        with pytest.raises(Refused):
            stream.read(11)
