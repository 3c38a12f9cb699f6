-- Neovim, set up as the README says, with a document that has mistakes: what it shows, completes, repairs and renames.
-- Run by tests/peers/run.

local failures = {}

local function check(what, holds, found)
  if not holds then
    table.insert(failures, what .. ": " .. vim.inspect(found))
  end
end

local function wait(what, holds)
  check("waited in vain for " .. what, vim.wait(30000, holds, 10), vim.diagnostic.get(0))
end

local function lines(first, last)
  return table.concat(vim.api.nvim_buf_get_lines(0, first, last, false), "\n")
end

local function run()
  vim.cmd.edit(vim.env.QOMET_DOCUMENT)
  check("the kind of file", vim.bo.filetype == "qomet", vim.bo.filetype)
  wait("the server", function() return #vim.lsp.get_clients({ bufnr = 0 }) == 1 end)
  wait("mistakes", function() return #vim.diagnostic.get(0) == 2 end)
  local client = assert(vim.lsp.get_clients({ bufnr = 0 })[1])
  local function ask(method, line, character)
    local document = { uri = vim.uri_from_bufnr(0) }
    local params = { textDocument = document, position = { line = line, character = character } }
    -- With the number of the buffer, its changes are sent before.
    local answer = assert(client:request_sync(method, params, 30000, vim.api.nvim_get_current_buf()))
    return answer.result
  end

  local codes = vim.tbl_map(function(one) return one.code end, vim.diagnostic.get(0))
  table.sort(codes)
  check("the mistakes", vim.deep_equal(codes, { "unknown-enum-value", "unknown-property" }), codes)
  local line = lines(2, 3)
  local first = vim.diagnostic.get(0)[1]
  check("the place", line:sub(first.col + 1, first.end_col) == '"sise"', first)

  local hover = ask("textDocument/hover", 2, line:find('"policy"', 1, true))
  check("the explanation", hover.contents.value:find("NUMA nodes", 1, true), hover)

  vim.api.nvim_win_set_cursor(0, { 3, first.col })
  vim.lsp.buf.code_action({
    apply = true,
    context = { only = { "source.fixAll" }, diagnostics = {} },
  })
  wait("the repair", function() return #vim.diagnostic.get(0) == 0 end)
  check("what is repaired", lines(2, 3):find('"size": "1G", "policy": "preferred"', 1, true), lines(0, -1))

  -- Half a bag in front of the last one, and the name taken over that is proposed first.
  local half = '  {"qom-type": "memory-backend-ram", "id": "ram2", "si'
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  -- Neovim indents by itself.
  vim.api.nvim_feedkeys("O" .. vim.trim(half) .. vim.keycode("<Esc>"), "tx", false)
  check("what is typed", lines(3, 4) == half, lines(3, 4))
  local items = ask("textDocument/completion", 3, #half).items
  table.sort(items, function(one, other) return one.sortText < other.sortText end)
  check("what is proposed", items[1] and items[1].label == "size", items[1])
  items[1].textEdit.newText = items[1].textEdit.newText:gsub("%$1", "2G")
  vim.lsp.util.apply_text_edits({ items[1].textEdit }, vim.api.nvim_get_current_buf(), client.offset_encoding)
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  vim.api.nvim_feedkeys("A}," .. vim.keycode("<Esc>"), "tx", false)
  check("what is completed", lines(3, 4):find('"id": "ram2", "size": "2G"},', 1, true), lines(3, 4))

  vim.api.nvim_win_set_cursor(0, { 2, (lines(1, 2):find("tc0", 1, true)) })
  vim.lsp.buf.rename("threads")
  wait("the new name", function() return lines(2, 3):find('"prealloc-context": "threads"', 1, true) ~= nil end)
  check("the renamed object", lines(1, 2):find('"id": "threads"', 1, true), lines(0, -1))

  check("the objects", #ask("textDocument/documentSymbol", 0, 0) == 4, ask("textDocument/documentSymbol", 0, 0))
  client:stop()
  wait("the end of the server", function() return #vim.lsp.get_clients() == 0 end)
end

local ran, problem = xpcall(run, debug.traceback)
if not ran then
  table.insert(failures, problem)
end
for _, failure in ipairs(failures) do
  io.stderr:write(failure, "\n")
end
vim.cmd.cquit({ count = #failures == 0 and 0 or 1, bang = true })
