// An editor in a page: /?file=PATH shows a file, whose server is at the other end of a web socket.
import '@codingame/monaco-vscode-python-default-extension';
import { EditorApp } from 'monaco-languageclient/editorApp';
import { LanguageClientWrapper } from 'monaco-languageclient/lcwrapper';
import { MonacoVscodeApiWrapper } from 'monaco-languageclient/vscodeApiWrapper';
import { useWorkerFactory, Worker as WorkerOf } from 'monaco-languageclient/workerFactory';

const WORKERS = { editorWorkerService: 'editor.js', TextMateWorker: 'colors.js' };
const SETTINGS = {
  'editor.minimap.enabled': false,
  'editor.wordBasedSuggestions': 'off',
  'workbench.colorTheme': 'Default Light Modern',
};
const ASKS_FOR_STATUS = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { tinytorchStatus: true };
  },
  initialize: () => {},
  getState: () => ({ kind: 'static' }),
  clear: () => {},
};

function workers() {
  const loaders = Object.entries(WORKERS).map(([name, file]) => [
    name,
    () => new WorkerOf(new URL(file, import.meta.url), { type: 'module' }),
  ]);
  useWorkerFactory({ workerLoaders: Object.fromEntries(loaders) });
}

const api = new MonacoVscodeApiWrapper({
  $type: 'extended',
  viewsConfig: { $type: 'EditorService' },
  userConfiguration: { json: JSON.stringify(SETTINGS) },
  monacoWorkerFactory: workers,
});
await api.start();

const uri = new URLSearchParams(location.search).get('file');
const text = await (await fetch('text')).text();
const client = new LanguageClientWrapper({
  languageId: 'python',
  connection: { options: { $type: 'WebSocketUrl', url: `ws://${location.host}/server` } },
  clientOptions: { documentSelector: ['python'] },
  registerFeatures: [ASKS_FOR_STATUS],
});
const app = new EditorApp({ codeResources: { modified: { text, uri } } });
await app.start(document.getElementById('editor'));
await client.start();
const show = (status) => (document.getElementById('status').textContent = status.text);
client.getLanguageClient().onNotification('tinytorch/status', show);
window.editor = app.getEditor();
