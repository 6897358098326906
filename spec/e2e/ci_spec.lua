--- The jobs and hooks of docs/ci.md: their shell lines are run as they stand, with policies that are
-- in order, and with one that is not.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local samples = require "spec.support.samples"
local tracefile = require "spec.support.tracefile"
local world = require "spec.support.world"

describe("docs/ci.md", function()
  local home

  before_each(function()
    home = world.new {}
    for _, sample in ipairs(samples.read "ci.md") do
      if sample.what == "file" then
        home:write(sample.argument, sample.text, sample.argument:find("hooks/") and "0755" or nil)
      end
    end
  end)

  after_each(function()
    home:remove()
  end)

  local function sh(text)
    return samples.run_shell(home, text)
  end

  -- A file of YAML, as the tools that it is for read it.
  local function read_yaml(name)
    local result = process.python { "-c", "import json, sys, yaml; print(json.dumps({str(k): v for k, v in "
      .. "yaml.safe_load(open(sys.argv[1])).items()}))", home.home .. "/" .. name }
    return cjson.decode(expect.done(result))
  end

  -- Runs the lines, each as the tool does; stops at the first that fails.
  local function run_lines(lines)
    local last
    for _, line in ipairs(lines) do
      last = sh(line)
      if last.status ~= 0 then
        break
      end
    end
    return assert(last)
  end

  local function break_policy()
    local text = home:read("policies/dev.yaml"):gsub("users: %[alice, bob%]", "users: [alice, mallory]")
    home:write("policies/dev.yaml", text)
  end

  local function check_reports()
    assert.is_truthy(home:read("junit.xml"):find('<testsuite name="sentinel" tests="5"', 1, true))
    assert.are.equal("100% (6/6)", tracefile.read_cobertura(home.home .. "/coverage.xml")["policies/dev.yaml"][8].conditions)
  end

  it("has a workflow for GitHub that passes, fails and annotates", function()
    local job = read_yaml(".github/workflows/policies.yaml").jobs.test
    local lines = {}
    for _, step in ipairs(job.steps) do
      lines[#lines + 1] = step.run
      assert.is_truthy(step.run or step.uses:find("^actions/[%l-]+@v%d+$"))
    end
    assert.are.equal(2, #lines)
    expect.status(run_lines(lines), 0)
    check_reports()
    break_policy()
    local result = run_lines(lines)
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("::error file=policies/dev_spec.yaml,line=8,title=", 1, true), result.stdout)
    assert.is_truthy(home:read("junit.xml"):find('failures="1"', 1, true))
  end)

  it("misses the gates where a rule is not tested", function()
    assert(os.remove(home.home .. "/policies/edges_spec.yaml"))
    for _, lines in ipairs { { read_yaml(".github/workflows/policies.yaml").jobs.test.steps[3].run },
      read_yaml(".gitlab-ci.yml").policies.script } do
      local result = run_lines(lines)
      expect.status(result, 1)
      assert.is_truthy(result.stderr:find("--min-rule: 50 percent", 1, true), result.stderr)
    end
  end)

  it("has a job for GitLab that passes, fails and names the reports that it writes", function()
    local job = read_yaml(".gitlab-ci.yml").policies
    expect.status(run_lines(job.script), 0)
    check_reports()
    assert.are.equal("junit.xml coverage.xml cobertura", ("%s %s %s"):format(job.artifacts.reports.junit,
      job.artifacts.reports.coverage_report.path, job.artifacts.reports.coverage_report.coverage_format))
    break_policy()
    expect.status(run_lines(job.script), 1)
  end)

  it("has a hook for pre-commit", function()
    local hook = read_yaml(".pre-commit-config.yaml").repos[1].hooks[1]
    assert.is_false(hook.pass_filenames)
    assert.are.equal("system", hook.language)
    expect.done(sh(hook.entry))
    break_policy()
    expect.status(sh(hook.entry), 1)
  end)

  it("has a hook of git's own, which tests what is going to be committed", function()
    local hook = home:read(".git/hooks/pre-commit")
    files.make_folder(home.home .. "/scratch")
    expect.done(sh("rm -rf .git && git init -q . && git config user.email a@example.com && git config user.name a"))
    home:write(".git/hooks/pre-commit", hook, "0755")
    local commit = "TMPDIR=$HOME/scratch git commit -q -m x"
    expect.done(sh("git add policies && " .. commit .. " && git rev-parse HEAD"))
    local good = home:read("policies/dev.yaml")
    break_policy()
    local refused = sh("git add policies && " .. commit)
    expect.status(refused, 1)
    assert.is_truthy((refused.stdout .. refused.stderr):find("1 of 5 tests failed", 1, true), refused.stderr)
    home:write("policies/dev.yaml", good .. "# better\n")
    expect.done(sh("git add policies && git rev-parse HEAD"))
    break_policy() -- in the folder only
    expect.done(sh(commit .. " && git rev-parse HEAD"))
    assert.are.same({}, files.list(home.home .. "/scratch"))
  end)
end)
