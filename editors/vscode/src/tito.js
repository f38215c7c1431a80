// Which `tito` is started: that of the interpreter in use, of the workspace's environment, or of the path.
'use strict';

const path = require('node:path');

const INSTALL = 'python -m pip install "pytest-tinytorch[lsp]"';

/**
 * The machine, as far as it matters here.
 * @typedef {object} Machine
 * @property {string} platform as `process.platform`
 * @property {string} search the value of PATH
 * @property {(file: string) => boolean} exists
 * @property {(file: string) => string} real the file behind links
 */

/**
 * A program, and the interpreter that it belongs to.
 * @typedef {{tito: string, python: string}} Found
 */

/**
 * Finds `tito`.
 * @param {string} root the folder of the workspace
 * @param {string | undefined} python the interpreter that is selected
 * @param {Machine} machine
 * @returns {Found | undefined} nothing if there is none
 */
function findTito(root, python, machine) {
  const { dirname, join, delimiter } = rules(machine);
  const folders = [
    ...(python ? scriptsOf(dirname(python), machine) : []),
    ...scriptsOf(join(root, '.venv', machine.platform === 'win32' ? 'Scripts' : 'bin'), machine),
    ...machine.search.split(delimiter).filter(Boolean),
  ];
  const tito = folders.map((one) => join(one, program('tito', machine))).find(machine.exists);
  return tito && { tito, python: pythonOf(tito, machine) };
}

/** Where `tito` may be for an interpreter in a folder. */
function scriptsOf(folder, machine) {
  // An environment of conda, or Python itself on Windows, has its interpreter above its scripts.
  return machine.platform === 'win32' ? [folder, rules(machine).join(folder, 'Scripts')] : [folder];
}

/** The interpreter that a `tito` belongs to. */
function pythonOf(tito, machine) {
  const { dirname, join } = rules(machine);
  const folders = [dirname(tito), dirname(machine.real(tito))];
  if (machine.platform === 'win32') folders.push(dirname(dirname(tito)));
  const names = machine.platform === 'win32' ? ['python'] : ['python', 'python3'];
  const files = folders.flatMap((one) => names.map((name) => join(one, program(name, machine))));
  return files.find(machine.exists) ?? names.at(-1);
}

/** What to tell a person whose `tito` is not there. */
function missing(python) {
  const tried = [...(python ? [python] : []), '.venv', 'PATH'].join(', ');
  return `There is no tito in ${tried}. Select the interpreter that has the kit, or install it: ${INSTALL}`;
}

function rules(machine) {
  return machine.platform === 'win32' ? path.win32 : path.posix;
}

function program(name, machine) {
  return machine.platform === 'win32' ? `${name}.exe` : name;
}

module.exports = { INSTALL, findTito, missing };
