// Which `tito` is started, on machines that are tables of files.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { INSTALL, findTito, missing } = require('../src/tito');

/** A machine with some files; a link is written `from -> to`. */
function machine(platform, search, ...files) {
  const links = new Map(files.map((one) => one.split(' -> ')).filter((one) => one.length > 1));
  const there = new Set(files.map((one) => one.split(' -> ')[0]));
  const real = (file) => links.get(file) ?? file;
  return { platform, search, exists: (file) => there.has(file), real };
}

const ROWS = [
  ['the interpreter that is selected', 'linux', '/envs/a/bin/python', '/usr/bin', [
    '/envs/a/bin/python', '/envs/a/bin/tito', '/w/.venv/bin/tito', '/usr/bin/tito',
  ], { tito: '/envs/a/bin/tito', python: '/envs/a/bin/python' }],
  ['the interpreter that is selected, of the system', 'darwin', '/usr/bin/python3', '/usr/bin', [
    '/usr/bin/python3', '/usr/bin/tito', '/w/.venv/bin/tito', '/w/.venv/bin/python',
  ], { tito: '/usr/bin/tito', python: '/usr/bin/python3' }],
  ['the environment of the workspace, if the one that is selected has none', 'linux', '/opt/bin/python', '/usr/bin', [
    '/opt/bin/python', '/usr/bin/tito', '/w/.venv/bin/tito', '/w/.venv/bin/python',
  ], { tito: '/w/.venv/bin/tito', python: '/w/.venv/bin/python' }],
  ['the path, by a link', 'linux', undefined, '/no:/home/you/bin', [
    '/home/you/bin/tito -> /tools/kit/bin/tito', '/tools/kit/bin/python',
  ], { tito: '/home/you/bin/tito', python: '/tools/kit/bin/python' }],
  ['an environment on Windows', 'win32', 'C:\\w\\.venv\\Scripts\\python.exe', '', [
    'C:\\w\\.venv\\Scripts\\python.exe', 'C:\\w\\.venv\\Scripts\\tito.exe',
  ], { tito: 'C:\\w\\.venv\\Scripts\\tito.exe', python: 'C:\\w\\.venv\\Scripts\\python.exe' }],
  ['Python itself on Windows', 'win32', 'C:\\Python\\python.exe', 'C:\\x;C:\\y', [
    'C:\\Python\\python.exe', 'C:\\Python\\Scripts\\tito.exe',
  ], { tito: 'C:\\Python\\Scripts\\tito.exe', python: 'C:\\Python\\python.exe' }],
  ['nothing', 'linux', '/usr/bin/python3', '/usr/bin', ['/usr/bin/python3'], undefined],
];

for (const [what, platform, python, search, files, expected] of ROWS) {
  test(`it is that of ${what}`, () => {
    const root = platform === 'win32' ? 'C:\\w' : '/w';
    assert.deepEqual(findTito(root, python, machine(platform, search, ...files)), expected);
  });
}

test('what is missing is told with how to get it', () => {
  assert.match(missing('/usr/bin/python3'), /no tito in \/usr\/bin\/python3, \.venv, PATH/);
  assert.match(missing(undefined), /no tito in \.venv, PATH/);
  assert.ok(missing(undefined).endsWith(INSTALL));
});
