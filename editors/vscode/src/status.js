// What the status bar shows of `tinytorch/status`.
'use strict';

/**
 * @typedef {{number: string, title: string, state: string, year: number | null, passed: number, of: number}} Unit
 */

/** A state as people read it; the server tells it as programs do. */
const words = (state) => (state === 'todo' ? 'to do' : state);

/**
 * The text of the status bar, and what it says when it is pointed at.
 * While specs run, an icon turns.
 * @param {{text: string, checking: string | null, checkpoint: Unit | null, milestone: Unit | null}} status
 */
function shown({ text, checking, checkpoint, milestone }) {
  const lines = [
    checkpoint && `Checkpoint ${checkpoint.number}, ${checkpoint.title}: ${words(checkpoint.state)}`,
    checkpoint && `${checkpoint.passed} of ${checkpoint.of} checkpoints passed`,
    milestone && `Milestone ${milestone.year}, ${milestone.title}: ${words(milestone.state)}`,
    milestone && `${milestone.passed} of ${milestone.of} milestones passed`,
  ];
  return { text: `$(${checking ? 'sync~spin' : 'flame'}) ${text}`, tooltip: lines.filter(Boolean).join('\n') };
}

module.exports = { shown };
