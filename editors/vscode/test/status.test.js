// What the status bar shows.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { shown } = require('../src/status');

const CHECKPOINT = { number: '02', title: 'Activations', state: 'wrong', year: null, passed: 2, of: 21 };
const MILESTONE = { number: '01', title: 'Perceptron', state: 'locked', year: 1957, passed: 0, of: 6 };

test('checkpoint and milestone', () => {
  const status = { text: '02 activations wrong · 2 of 21', checkpoint: CHECKPOINT, milestone: MILESTONE };
  assert.deepEqual(shown(status), {
    text: '$(flame) 02 activations wrong · 2 of 21',
    tooltip: [
      'Checkpoint 02, Activations: wrong',
      '2 of 21 checkpoints passed',
      'Milestone 1957, Perceptron: locked',
      '0 of 6 milestones passed',
    ].join('\n'),
  });
});

test('what is to do, in the words of the server', () => {
  const checkpoint = { ...CHECKPOINT, state: 'todo' };
  const { tooltip } = shown({ text: '', checkpoint, milestone: null });
  assert.match(tooltip, /^Checkpoint 02, Activations: to do$/m);
});

test('all is passed', () => {
  const status = { text: '21 of 21 passed', checkpoint: null, milestone: null };
  assert.deepEqual(shown(status), { text: '$(flame) 21 of 21 passed', tooltip: '' });
});

test('something is checked', () => {
  const text = 'checking 02 activations · 2 of 21';
  const status = { text, checking: 'checking 02 activations', checkpoint: null, milestone: null };
  assert.equal(shown(status).text, `$(sync~spin) ${text}`);
});
