-- For wrk: the requests of a file, one after another. A line is a path, or a path and the body of a POST.
--   wrk ... -s requests.lua URL -- FILE
-- Prints its figures as a last line of JSON; times are in milliseconds.
local requests = {}
local last = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local path, body = line:match("^(%S+) ?(.*)$")
    if body == "" then
      table.insert(requests, wrk.format("GET", path))
    else
      table.insert(requests, wrk.format("POST", path, { ["Content-Type"] = "application/json" }, body))
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format('{"rate": %f, "p50": %f, "p99": %f, "errors": %d}\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
