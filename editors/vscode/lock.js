// Leaves in package-lock.json what `npm ci` reads, and no address: `npm run lock`.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const NOT_READ = ['deprecated', 'funding', 'resolved'];

const file = path.join(process.cwd(), 'package-lock.json');
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
for (const one of Object.values(lock.packages)) {
  for (const name of NOT_READ) delete one[name];
}
fs.writeFileSync(file, JSON.stringify(lock, null, 2) + '\n');
