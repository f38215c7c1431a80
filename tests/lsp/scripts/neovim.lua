-- What a person does in Neovim, step by step. What they see goes into a file, as JSON.

local steps = vim.json.decode(table.concat(vim.fn.readfile(vim.env.STEPS), '\n'))
local seen = {}

local function leave()
  vim.fn.writefile({ vim.json.encode(seen) }, steps.seen)
  vim.cmd('qall!')
end

local function wait(what, is_there)
  if not vim.wait(steps.patience * 1000, is_there, 50) then
    seen.missing = what
    seen.diagnostics = vim.diagnostic.get(0)
    seen.messages = vim.fn.execute('messages')
    leave()
  end
end

local function diagnostics(severity)
  return vim.diagnostic.get(0, { severity = severity })
end

local function line_of(text)
  return vim.fn.search('\\V' .. vim.fn.escape(text, '\\'), 'wn')
end

local function replace(old, new)
  vim.fn.setline(line_of(old), new)
  vim.cmd('write')
end

local function lines_with_lenses()
  local found = {}
  for _, lens in ipairs(vim.lsp.codelens.get(0)) do
    local line = lens.range.start.line + 1
    found[line] = (found[line] and found[line] .. ' | ' or ' ') .. lens.command.title
  end
  return found
end

-- The names of exercises whose lens a window of so many columns cuts.
local function cut(columns)
  local found = {}
  for line, text in pairs(lines_with_lenses()) do
    if vim.fn.strdisplaywidth(vim.fn.getline(line) .. text) > columns then
      table.insert(found, vim.fn.getline(line))
    end
  end
  return found
end

local function is_full(diagnostic)
  return not vim.startswith(diagnostic.message, 'first look')
end

local function titles_at(line)
  local found = vim.tbl_filter(
    function(lens) return lens.range.start.line == line - 1 end,
    vim.lsp.codelens.get(0)
  )
  return vim.tbl_map(function(lens) return lens.command.title end, found)
end

local function floating_text()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true)
    end
  end
end

local function close_floating()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      vim.api.nvim_win_close(window, true)
    end
  end
end

vim.schedule(function()
  seen.version = tostring(vim.version())
  wait('a hint', function() return #diagnostics(vim.diagnostic.severity.HINT) > 0 end)
  seen.hints = diagnostics(vim.diagnostic.severity.HINT)
  replace(steps.stub, steps.wrong)

  wait('an error', function()
    local found = diagnostics(vim.diagnostic.severity.ERROR)
    return #found > 0 and is_full(found[1])
  end)
  seen.errors = diagnostics(vim.diagnostic.severity.ERROR)
  seen.head = line_of(steps.head) - 1
  seen.encoding = vim.lsp.get_clients()[1].offset_encoding

  local head = line_of(steps.head)
  local above = head - 1 -- its decorator
  wait('a lens with the laws that hold', function()
    return #titles_at(above) > 0 and titles_at(above)[1]:find('^%d+ of') ~= nil
  end)
  seen.lenses = titles_at(above)
  seen.count = vim.tbl_count(lines_with_lenses())
  seen.cut = cut(80)
  wait('where the learner stands', function()
    return vim.g.tinytorch ~= nil and not vim.startswith(vim.g.tinytorch, 'checking')
  end)
  seen.status = vim.g.tinytorch

  vim.api.nvim_win_set_cursor(0, { head, 4 })
  local function press() vim.api.nvim_feedkeys(vim.keycode('<C-W>d'), 'x', false) end
  press()
  wait('the whole message', function() return floating_text() ~= nil end)
  seen.by_keys = floating_text()
  press()
  seen.inside = vim.api.nvim_win_get_config(0).relative ~= ''
  close_floating()
  vim.diagnostic.open_float()
  seen.by_command = floating_text()
  close_floating()

  vim.lsp.buf.hover()
  wait('a hover', function() return floating_text() ~= nil end)
  seen.hover = floating_text()

  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action) return action.title == steps.action end,
  })
  wait('a hint in words', function() return vim.fn.execute('messages'):find(steps.said, 1, true) ~= nil end)

  replace(steps.wrong, steps.right)
  wait('no error', function() return #diagnostics(vim.diagnostic.severity.ERROR) == 0 end)
  seen.mended = true

  replace(steps.right, steps.loop)
  wait('a run', function() return vim.startswith(vim.g.tinytorch, 'checking') end)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action) return vim.startswith(action.title, 'Stop checking') end,
  })
  wait('the end of the run', function()
    return vim.fn.execute('messages'):find('Stopped checking', 1, true) ~= nil
  end)
  wait('what was stopped, at its line', function()
    local left = diagnostics(vim.diagnostic.severity.INFO)
    return #left > 0 and vim.startswith(left[1].message, 'You have stopped checking')
  end)
  seen.stopped = true
  leave()
end)
