// Which laws can be run alone, and what the debugger is told.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { brokenLaws, configuration, stopsIn } = require('../src/law');

const NODEID = 'specs/test_02_activations.py::TestRelu::test_matches';
const RUN = {
  cwd: '/w',
  module: 'pytest',
  args: ['-p', 'tinytorch', NODEID],
  exercise: { uri: 'file:///w/tinytorch/activations.py', first: 20, last: 40, stops: [30] },
};

function diagnostic(line, message, data, source = 'tinytorch') {
  return { source, message, data, range: { start: { line } } };
}

test('the nearest law comes first, with its first line, and what is no law is left out', () => {
  const found = brokenLaws(
    [
      diagnostic(3, 'far', { nodeids: ['a', 'b'], exercise: 'x' }),
      diagnostic(20, 'near\nCalled: relu(1)', { nodeids: [NODEID], exercise: 'relu' }),
      diagnostic(21, 'relu is still to do', { nodeids: [], exercise: 'relu' }),
      diagnostic(22, 'unused import', undefined, 'ruff'),
    ],
    22,
  );
  assert.deepEqual(found, [
    { nodeid: NODEID, exercise: 'relu', text: 'near', line: 20 },
    { nodeid: 'a', exercise: 'x', text: 'far', line: 3 },
  ]);
});

test('the debugger runs that one law, in the workspace, with the interpreter of the kit', () => {
  const wanted = configuration(RUN, '/w/.venv/bin/python');
  assert.equal(wanted.type, 'debugpy');
  assert.equal(wanted.request, 'launch');
  assert.equal(wanted.name, 'tinytorch: test_matches');
  assert.equal(wanted.python, '/w/.venv/bin/python');
  assert.equal(wanted.cwd, '/w');
  assert.deepEqual([wanted.module, ...wanted.args], ['pytest', '-p', 'tinytorch', NODEID]);
});

test('a breakpoint of your own in the exercise is enough', () => {
  const at = (line, enabled = true, uri = RUN.exercise.uri) => ({
    enabled,
    location: { uri: new URL(uri), range: { start: { line } } },
  });
  assert.ok(stopsIn([at(20)], RUN.exercise));
  assert.ok(stopsIn([at(1), at(40)], RUN.exercise));
  assert.ok(!stopsIn([at(19), at(41)], RUN.exercise));
  assert.ok(!stopsIn([at(30, false)], RUN.exercise));
  assert.ok(!stopsIn([at(30, true, 'file:///w/other.py')], RUN.exercise));
  assert.ok(!stopsIn([{ enabled: true, functionName: 'relu' }], RUN.exercise));
});
