-- wrk script: GET /predict of a ticker drawn anew for each request. usage: wrk … -s random_symbol.lua URL -- SYMBOL...
local symbols = {}
function init(arguments)
  for _, symbol in ipairs(arguments) do
    table.insert(symbols, (symbol:gsub("[#^=$]", function(c) return string.format("%%%02X", c:byte()) end)))
  end
  math.randomseed(20261125)
end
function request()
  return wrk.format("GET", "/predict?symbol=" .. symbols[math.random(#symbols)])
end
