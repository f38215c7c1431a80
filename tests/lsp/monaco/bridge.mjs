// Serves the page, and carries messages between it and `tito lsp`: node bridge.mjs PYTHON WORKSPACE FILE
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { WebSocketServer } from 'ws';

const [python, root, file] = process.argv.slice(2);
const PAGES = path.join(import.meta.dirname, 'dist');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };
const HEAD = /^Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n/;

const server = http.createServer(({ url }, response) => {
  const name = new URL(url, 'http://page').pathname.slice(1) || 'index.html';
  const place = name === 'text' ? path.join(root, file) : path.join(PAGES, path.basename(name));
  fs.readFile(place, (error, data) => {
    const type = TYPES[path.extname(place)] ?? 'application/octet-stream';
    response.writeHead(error ? 404 : 200, { 'Content-Type': type }).end(data);
  });
});

new WebSocketServer({ server }).on('connection', (socket) => {
  const child = spawn(python, ['-m', 'pytest_tinytorch.tito', 'lsp'], { cwd: root });
  child.stderr.pipe(process.stderr);
  let rest = Buffer.alloc(0);
  child.stdout.on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    for (let head; (head = HEAD.exec(rest.toString('latin1'))); ) {
      const end = head[0].length + Number(head[1]);
      if (rest.length < end) break;
      socket.send(rest.toString('utf8', head[0].length, end));
      rest = rest.subarray(end);
    }
  });
  socket.on('message', (data) => child.stdin.write(`Content-Length: ${data.length}\r\n\r\n${data}`));
  socket.on('close', () => child.stdin.end());
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());
