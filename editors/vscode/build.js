// Bundles the extension into one file, dist/extension.js, with the licenses of all that is in it.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');

const BUNDLE = path.join('dist', 'extension.js');

/** The folders of the packages that a bundle holds. */
function packagesOf(metafile) {
  const folders = Object.keys(metafile.inputs)
    .map((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input))
    .filter(Boolean)
    .map(([folder]) => folder);
  return [...new Set(folders)].sort();
}

/** The license of a package, with its name. */
function licenseOf(folder) {
  const { name, version, license } = JSON.parse(
    fs.readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  const file = fs.readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  if (!file) throw new Error(`${folder} has no license`);
  return `${name} ${version} (${license})\n\n${fs.readFileSync(path.join(folder, file), 'utf8')}`;
}

fs.rmSync('dist', { recursive: true, force: true });
const { metafile } = esbuild.buildSync({
  entryPoints: ['src/extension.js'],
  outfile: BUNDLE,
  bundle: true,
  external: ['vscode'],
  logLevel: 'warning',
  metafile: true,
  minify: true,
  platform: 'node',
  target: 'node20',
});
const licenses = packagesOf(metafile).map(licenseOf);
fs.writeFileSync(path.join('dist', 'licenses.txt'), licenses.join(`\n${'-'.repeat(80)}\n\n`));
