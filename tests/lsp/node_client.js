// An editor on the library of the protocol that VS Code is built on: node node_client.js PYTHON WORKSPACE
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const protocol = require('vscode-languageserver-protocol/node');

const { DiagnosticSeverity: severity } = protocol;
const LAW = 'add(x, y) equals x + y.';
const CAPABILITIES = {
  textDocument: {
    publishDiagnostics: { relatedInformation: true, versionSupport: true },
    hover: { contentFormat: ['markdown'] },
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'refactor.rewrite'] } },
    },
  },
  workspace: { codeLens: { refreshSupport: true }, workspaceEdit: { documentChanges: true } },
  window: { workDoneProgress: true, showDocument: { support: true } },
  experimental: { tinytorchStatus: true, tinytorchDebug: true },
};

/** A server, and what it has shown last. */
class Editor {
  constructor(python, root) {
    this.root = root;
    const command = ['-m', 'pytest_tinytorch.tito', 'lsp'];
    this.server = spawn(python, command, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    this.connection = protocol.createProtocolConnection(
      new protocol.StreamMessageReader(this.server.stdout),
      new protocol.StreamMessageWriter(this.server.stdin),
    );
    this.shown = new Map();
    this.messages = [];
    this.status = undefined;
    this.waiting = [];
    this.listen();
  }

  listen() {
    const { connection } = this;
    connection.onNotification(protocol.PublishDiagnosticsNotification.type, (told) => {
      this.change(() => this.shown.set(told.uri, told.diagnostics));
    });
    connection.onNotification(protocol.ShowMessageNotification.type, (told) => {
      this.change(() => this.messages.push(told.message));
    });
    connection.onNotification('tinytorch/status', (status) => {
      this.change(() => (this.status = status));
    });
    connection.onRequest(protocol.CodeLensRefreshRequest.type, () => null);
    connection.onRequest(protocol.WorkDoneProgressCreateRequest.type, () => null);
    connection.onRequest(protocol.RegistrationRequest.type, () => null);
    connection.listen();
  }

  change(what) {
    what();
    this.waiting = this.waiting.filter(({ holds, done }) => !holds() || done());
  }

  /** Wait until something is true of what is shown. */
  until(holds) {
    return new Promise((resolve) => {
      this.waiting.push({ holds, done: resolve });
      this.change(() => {});
    });
  }

  async start() {
    const params = { processId: process.pid, capabilities: CAPABILITIES, rootUri: null };
    const workspaceFolders = [{ uri: pathToFileURL(this.root).href, name: 'workspace' }];
    const answer = await this.ask(protocol.InitializeRequest.type, { ...params, workspaceFolders });
    await this.connection.sendNotification(protocol.InitializedNotification.type, {});
    return answer.capabilities;
  }

  ask(type, params) {
    return this.connection.sendRequest(type, params);
  }

  open(file) {
    const text = fs.readFileSync(file, 'utf8');
    const uri = pathToFileURL(file).href;
    const textDocument = { uri, languageId: 'python', version: 1, text };
    this.connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, { textDocument });
    return { file, uri, version: 1, text };
  }

  /** Replace a word of a document, as an editor does that sends what has changed, and save it. */
  async save(document, word, by) {
    const lines = document.text.split('\n');
    const line = lines.findIndex((one) => one.includes(word));
    const character = lines[line].indexOf(word);
    const range = { start: { line, character }, end: { line, character: character + word.length } };
    document.text = document.text.replace(word, by);
    const textDocument = { uri: document.uri, version: ++document.version };
    const { connection } = this;
    await connection.sendNotification(protocol.DidChangeTextDocumentNotification.type, {
      textDocument,
      contentChanges: [{ range, text: by }],
    });
    fs.writeFileSync(document.file, document.text);
    await connection.sendNotification(protocol.DidSaveTextDocumentNotification.type, { textDocument });
    return line;
  }

  found(document, kind) {
    return (this.shown.get(document.uri) ?? []).filter((one) => one.severity === kind);
  }

  async end() {
    await this.ask(protocol.ShutdownRequest.type, undefined);
    const exited = once(this.server, 'exit');
    await this.connection.sendNotification(protocol.ExitNotification.type);
    return (await exited)[0];
  }
}

async function main(python, root) {
  const editor = new Editor(python, root);
  const able = await editor.start();
  assert.equal(able.positionEncoding, 'utf-16');
  const module = editor.open(path.join(root, 'tinytorch', 'adding.py'));
  await stubsAreHints(editor, module);
  await aWrongValueStandsInItsLine(editor, module);
  await questionsAreAnswered(editor, module);
  await whatIsRightIsGone(editor, module);
  assert.equal(await editor.end(), 0);
}

async function stubsAreHints(editor, module) {
  await editor.until(() => editor.found(module, severity.Hint).length === 2);
  const [first] = editor.found(module, severity.Hint);
  assert.equal(first.message, 'add is still to do, and 1 law waits for it');
  assert.equal(editor.status.checkpoint.number, '00');
}

async function aWrongValueStandsInItsLine(editor, module) {
  await editor.save(module, 'raise NotImplementedError("01 adding: add")', 'return x - y');
  await editor.save(module, 'raise NotImplementedError("01 adding: negate")', 'return -x');
  await editor.until(() => firstLines(editor.found(module, severity.Error)).join() === LAW);
  const [error] = editor.found(module, severity.Error);
  const line = module.text.split('\n').indexOf('def add(x, y):');
  assert.deepEqual([error.range.start.line, error.range.end.line], [line, line]);
  assert.equal(error.source, 'tinytorch');
}

async function questionsAreAnswered(editor, module) {
  const textDocument = { uri: module.uri };
  const diagnostics = editor.found(module, severity.Error);
  const { range } = diagnostics[0];

  const lenses = await editor.ask(protocol.CodeLensRequest.type, { textDocument });
  assert.deepEqual(
    lenses.map(({ command }) => command.title),
    ['0 of 1 law holds', 'run', 'hint', '1 of 1 law holds', 'run', 'hint'],
  );

  const position = { line: range.start.line, character: 5 };
  const hover = await editor.ask(protocol.HoverRequest.type, { textDocument, position });
  assert.equal(hover.contents.kind, 'markdown');
  assert.match(hover.contents.value, /✗ add\(x, y\) equals x \+ y\./);

  const context = { diagnostics };
  const actions = await editor.ask(protocol.CodeActionRequest.type, { textDocument, range, context });
  const titles = actions.map(({ title }) => title);
  const alone = `Run this law alone: ${LAW}`; // this client has a debugger
  for (const title of ['Hint 1 for add', alone, 'Reset add to its stub']) {
    assert.ok(titles.includes(title), `${title} is not among ${titles}`);
  }

  const hint = lenses.find(({ command }) => command.title === 'hint').command;
  const text = await execute(editor, hint);
  assert.match(text, /^add, hint 1 of 3: /);
  await editor.until(() => editor.messages.includes(text));
  const law = actions.find(({ title }) => title === alone).command;
  const run = await execute(editor, { command: 'tinytorch.debug', arguments: law.arguments });
  assert.deepEqual([run.module, run.args.at(-1)], ['pytest', diagnostics[0].data.nodeids[0]]);
}

async function whatIsRightIsGone(editor, module) {
  await editor.save(module, 'return x - y', 'return x + y');
  await editor.until(() => editor.shown.get(module.uri).length === 0);
  await editor.until(() => editor.status.checkpoint.number === '02');
}

function execute(editor, { command, arguments: args }) {
  return editor.ask(protocol.ExecuteCommandRequest.type, { command, arguments: args });
}

function firstLines(diagnostics) {
  return diagnostics.map(({ message }) => message.split('\n', 1)[0]);
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
