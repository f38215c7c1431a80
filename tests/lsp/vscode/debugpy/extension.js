// Debugs Python as Microsoft's extension does: with debugpy's adapter.
'use strict';

const vscode = require('vscode');

const factory = {
  createDebugAdapterDescriptor: ({ configuration }) =>
    new vscode.DebugAdapterExecutable(configuration.python, ['-m', 'debugpy.adapter']),
};

module.exports = {
  activate: ({ subscriptions }) => {
    subscriptions.push(vscode.debug.registerDebugAdapterDescriptorFactory('debugpy', factory));
  },
};
