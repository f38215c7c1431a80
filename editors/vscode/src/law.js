// One law alone: which laws are broken in a document, and how to run one of them under the debugger.
'use strict';

const SOURCE = 'tinytorch';

/**
 * A law that does not hold.
 * @typedef {{nodeid: string, exercise: string, text: string, line: number}} Broken
 */

/**
 * The law that each diagnostic of the server is told with, the nearest to a line first.
 * @param {Iterable<{source?: string, message: string, range: {start: {line: number}}, data?: any}>} diagnostics
 * @param {number} line where the cursor is
 * @returns {Broken[]}
 */
function brokenLaws(diagnostics, line) {
  return [...diagnostics]
    .filter((one) => one.source === SOURCE && one.data?.nodeids?.length)
    .map((one) => ({
      nodeid: one.data.nodeids[0],
      exercise: one.data.exercise,
      text: one.message.split('\n', 1)[0],
      line: one.range.start.line,
    }))
    .sort((a, b) => Math.abs(a.line - line) - Math.abs(b.line - line));
}

/**
 * What runs one law, as the server answers `tinytorch.debug`.
 * @typedef {object} Run
 * @property {string} cwd the workspace
 * @property {string} module what the interpreter runs
 * @property {string[]} args for the module
 * @property {{uri: string, first: number, last: number, stops: number[]}} exercise its lines, from 0,
 *   and those at which to stop
 */

/**
 * What VS Code has to be told to run a law under Python's debugger.
 * @param {Run} run
 * @param {string} python the interpreter
 */
function configuration(run, python) {
  return {
    type: 'debugpy',
    request: 'launch',
    name: `tinytorch: ${run.args.at(-1).split('::').at(-1)}`,
    python,
    cwd: run.cwd,
    module: run.module,
    args: run.args,
    env: { PYTHONUTF8: '1' },
    console: 'internalConsole',
    justMyCode: true,
    subProcess: false,
  };
}

/**
 * Whether the debugger stops in an exercise anyway.
 * @param {Iterable<{enabled: boolean, location?: {uri: {toString(): string}, range: {start: {line: number}}}}>} breakpoints
 * @param {Run['exercise']} exercise
 */
function stopsIn(breakpoints, exercise) {
  return [...breakpoints].some(({ enabled, location }) => {
    const line = location?.range.start.line;
    return (
      enabled &&
      location?.uri.toString() === exercise.uri &&
      line >= exercise.first &&
      line <= exercise.last
    );
  });
}

module.exports = { brokenLaws, configuration, stopsIn };
