// Bundles the page and its workers into dist/: npm run build
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const ADDRESS = /\bnew\s+URL\(\s*(['"`])([^'"`]+)\1\s*,\s*import\.meta\.url\s*\)/g;

/** A file that a module names by its address is copied, and named as the copy is. */
const addresses = {
  name: 'addresses',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\.js$/, namespace: 'file' }, ({ path }) => {
      const imports = [];
      const code = fs.readFileSync(path, 'utf8').replace(ADDRESS, (_, quote, name) => {
        const variable = `address_of_file_${imports.length}`;
        imports.push(`import ${variable} from ${JSON.stringify(`address:${name}`)};`);
        return `new URL(${variable}, import.meta.url)`;
      });
      return { contents: `${imports.join('')}${code}`, loader: 'js' };
    });
    onResolve({ filter: /^address:/ }, async ({ path, resolveDir, importer }) => {
      const name = path.slice('address:'.length);
      const found = name.startsWith('.')
        ? new URL(name, new URL(`file://${importer}`))
        : new URL(import.meta.resolve(name));
      return { path: fileURLToPath(found), namespace: 'address' };
    });
    onLoad({ filter: /.*/, namespace: 'address' }, ({ path }) => ({
      contents: fs.readFileSync(path),
      loader: 'file',
    }));
  },
};

fs.rmSync('dist', { recursive: true, force: true });
await esbuild.build({
  entryPoints: {
    page: 'page.js',
    editor: '@codingame/monaco-vscode-editor-api/esm/vs/editor/editor.worker.js',
    colors: '@codingame/monaco-vscode-textmate-service-override/worker',
  },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  splitting: true,
  logLevel: 'warning',
  logOverride: { 'empty-import-meta': 'silent' },
  loader: { '.ttf': 'file', '.svg': 'dataurl', '.png': 'file', '.mp3': 'file', '.wasm': 'file', '.html': 'file' },
  plugins: [addresses],
});
fs.copyFileSync('page.html', 'dist/index.html');
