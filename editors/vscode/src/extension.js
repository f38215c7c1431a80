// The extension: starts `tito lsp`, shows where the learner stands, and runs one law under the debugger.
'use strict';

const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const process = require('node:process');
const { promisify } = require('node:util');
const vscode = require('vscode');
const { CloseAction, ErrorAction, LanguageClient } = require('vscode-languageclient/node');
const { brokenLaws, configuration, stopsIn } = require('./law');
const { shown } = require('./status');
const { findTito, missing } = require('./tito');

const WORKSPACE_FILE = 'specs/manifest.json';
const LAW = 'tinytorch.law';
const DEBUG = 'tinytorch.debug';
const STOP = 'tinytorch.stop';
const PASSED = 0; // exit codes of pytest
const FAILED = 1;
const PATIENCE = 10_000; // milliseconds for the server to end what runs

const MACHINE = {
  platform: process.platform,
  search: process.env.PATH ?? '',
  exists: fs.existsSync,
  real: fs.realpathSync,
};

class Extension {
  /** @type {LanguageClient | undefined} */
  client;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  server;
  /** @type {import('./tito').Found | undefined} */
  found;
  /** What has to happen one after the other: starts and ends of the server. */
  turn = Promise.resolve();

  async activate(context) {
    this.bar = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Left);
    this.bar.command = 'workbench.actions.view.problems';
    this.output = vscode.window.createOutputChannel('tinytorch', { log: true });
    context.subscriptions.push(
      this.bar,
      this.output,
      vscode.commands.registerCommand('tinytorch.debugLaw', () => this.debugChosen()),
      vscode.commands.registerCommand('tinytorch.restart', () => this.restart()),
      vscode.commands.registerCommand('tinytorch.stopRun', () => this.stopRun()),
    );
    vscode.commands.executeCommand('setContext', 'tinytorch.isWorkspace', true);
    const python = await pythonExtension();
    if (python) {
      const changed = python.environments.onDidChangeActiveEnvironmentPath(() => this.restart());
      context.subscriptions.push(changed);
    }
    await this.restart();
  }

  deactivate() {
    return this.inTurn(() => this.stop());
  }

  restart() {
    return this.inTurn(async () => {
      await this.stop();
      await this.start();
    });
  }

  inTurn(what) {
    this.turn = this.turn.then(what).catch((error) => void this.tell(error.message));
    return this.turn;
  }

  // The server

  async start() {
    const folder = await workspaceFolder();
    if (!folder) return;
    const python = await selectedPython(folder);
    this.found = findTito(folder.uri.fsPath, python, MACHINE);
    if (!this.found) {
      void this.tell(missing(python), 'Select Interpreter', 'python.setInterpreter');
      return;
    }
    this.client = this.clientFor(folder);
    try {
      await this.client.start();
    } catch {
      this.client = undefined; // what was wrong has been told
    }
  }

  clientFor(folder) {
    let said = '';
    let ended;
    const launch = async () => {
      const server = spawn(this.found.tito, ['lsp'], { cwd: folder.uri.fsPath });
      server.stderr.on('data', (text) => (said = `${said}${text}`.slice(-2000)));
      await once(server, 'spawn');
      ended = once(server, 'close');
      this.server = server;
      return server;
    };
    const client = new LanguageClient('tinytorch', 'tinytorch', launch, {
      documentSelector: [{ scheme: 'file', language: 'python' }],
      outputChannel: this.output,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: async () => {
          if (client.initializeResult) return usual.closed();
          await ended; // all that it says has come
          void this.tell(said.trim() || `${this.found.tito} lsp ended at once.`);
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      middleware: {
        executeCommand: (command, args, next) =>
          command === LAW ? this.debug(args) : next(command, args),
      },
    });
    const usual = client.createDefaultErrorHandler();
    client.registerFeature(ABLE);
    client.onNotification('tinytorch/status', (status) => this.show(status));
    return client;
  }

  async stop() {
    const { client, server } = this;
    this.client = this.server = undefined;
    this.bar.hide();
    try {
      if (client?.isRunning()) await client.dispose(PATIENCE);
    } catch (error) {
      this.output.warn(error.message);
    } finally {
      server?.kill(); // nothing if it has ended
    }
  }

  /** Stop what is being checked. VS Code shows progress in the status bar, without a button for that. */
  async stopRun() {
    if (this.client?.isRunning()) await vscode.commands.executeCommand(STOP);
  }

  show(status) {
    Object.assign(this.bar, shown(status));
    this.bar.show();
  }

  /** Say something that a person has to do something about, and offer the command that does it. */
  async tell(text, title, command) {
    this.output.error(text);
    const chosen = await vscode.window.showErrorMessage(text, ...(title ? [title] : []));
    if (chosen) await vscode.commands.executeCommand(command);
  }

  // One law under the debugger

  async debugChosen() {
    const editor = vscode.window.activeTextEditor;
    const found = (editor && this.client?.diagnostics?.get(editor.document.uri)) ?? [];
    const laws = brokenLaws(found, editor?.selection.active.line ?? 0);
    if (!laws.length) {
      vscode.window.showInformationMessage('tinytorch: no law of this file is known to be broken.');
      return;
    }
    const items = laws.map((one) => ({ ...one, label: one.text, description: one.exercise }));
    const law = laws.length > 1 ? await vscode.window.showQuickPick(items) : laws[0];
    if (law) await this.debug([editor.document.uri.toString(), law.exercise, law.nodeid]);
  }

  /** Run a law under the debugger, which stops in the exercise at the smallest counterexample. */
  async debug(args) {
    await vscode.workspace.saveAll(false);
    const run = await this.client.sendRequest('workspace/executeCommand', {
      command: DEBUG,
      arguments: args,
    });
    const { python } = this.found;
    if (await holds(python, run)) {
      vscode.window.showInformationMessage('tinytorch: this law holds for what is saved.');
    } else {
      await startDebugging(configuration(run, python), run.exercise);
    }
  }
}

/** Whether a law holds. If not, Hypothesis remembers the smallest counterexample, and begins with it. */
function holds(python, run) {
  const options = { location: vscode.ProgressLocation.Notification, title: 'tinytorch' };
  return vscode.window.withProgress(options, async (progress) => {
    progress.report({ message: 'looks for the smallest counterexample' });
    const code = await exitCode(python, ['-m', run.module, ...run.args], { cwd: run.cwd });
    if (code !== PASSED && code !== FAILED) throw new Error(`pytest ended with ${code}`);
    return code === PASSED;
  });
}

/** Start the debugger. It stops in an exercise, even if there is no breakpoint of the learner's own. */
async function startDebugging(wanted, exercise) {
  const added = stopsIn(vscode.debug.breakpoints, exercise) ? [] : breakpointsIn(exercise);
  vscode.debug.addBreakpoints(added);
  const ended = vscode.debug.onDidTerminateDebugSession((session) => {
    if (session.configuration.name === wanted.name) forget();
  });
  const forget = () => {
    vscode.debug.removeBreakpoints(added);
    ended.dispose();
  };
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(exercise.uri));
  if (!(await vscode.debug.startDebugging(folder, wanted))) forget();
}

/** Says that this client shows the status, and has a debugger. */
const ABLE = {
  fillClientCapabilities: (capabilities) => {
    const own = { tinytorchStatus: true, tinytorchDebug: true };
    capabilities.experimental = { ...capabilities.experimental, ...own };
  },
  initialize: () => {},
  getState: () => ({ kind: 'static' }),
  clear: () => {},
};

/** The first folder that is a workspace of the kit. */
async function workspaceFolder() {
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    const file = vscode.Uri.joinPath(folder.uri, WORKSPACE_FILE);
    if (await vscode.workspace.fs.stat(file).then(Boolean, () => false)) return folder;
  }
  return undefined;
}

async function pythonExtension() {
  return vscode.extensions.getExtension('ms-python.python')?.activate();
}

/** The interpreter that is selected in the Python extension, if there is one. */
async function selectedPython(folder) {
  const environments = (await pythonExtension())?.environments;
  if (!environments) return undefined;
  const chosen = environments.getActiveEnvironmentPath(folder.uri);
  const environment = await environments.resolveEnvironment(chosen);
  return environment?.executable.uri?.fsPath;
}

function breakpointsIn({ uri, stops }) {
  const file = vscode.Uri.parse(uri);
  const places = stops.map((line) => new vscode.Location(file, new vscode.Position(line, 0)));
  return places.map((place) => new vscode.SourceBreakpoint(place));
}

/** The code that a program ends with. */
async function exitCode(file, args, options) {
  try {
    await promisify(execFile)(file, args, options);
    return PASSED;
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return error.code;
  }
}

const extension = new Extension();
module.exports = {
  activate: (context) => extension.activate(context),
  deactivate: () => extension.deactivate(),
};
