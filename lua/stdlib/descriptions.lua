--- What the keys of a policy mean, in a sentence each, by the `what` of their map (schema.lua). A
-- test checks that no key goes without.
return {
  ["the policy"] = {
    version = 'The version of the language: "1".',
    description = "What the policy is for.",
    groups = "The policy's own groups: a list of user patterns by name.",
    rules = "The rules, in order: the first one whose conditions all hold decides. When none"
      .. " does, the answer is deny.",
  },
  rule = {
    name = "The rule's name, unique in the policy.",
    effect = "What follows when all conditions hold.",
    conditions = "All of them have to hold; {} matches every request.",
    description = "What the rule is for.",
    reason = "What the user is told when the rule decides.",
    max_duration = "The longest session: 30m, 1h or 1h30m.",
    max_server_duration = "The longest session in mode server.",
    session_table = "The table in which sessions in mode server are tracked.",
    require = "What the request has to bring when the rule matched; it is refused without, and no"
      .. " later rule is looked at.",
    lease = "After that AWS denies the session everything, and policy is asked again: 2m.",
    ["until"] = "With window, no session lasts longer than the window of the rule's time that"
      .. " matched.",
    emergency = "Marks a rule that has to work when everything else is down.",
  },
  require = {
    justification = "A reason in writing.",
    mfa = "An MFA code.",
  },
  justification = {
    min_length = "The least number of characters.",
    pattern = "A Lua pattern that the justification has to fit.",
  },
  conditions = {
    profiles = "The profile matches a pattern. In patterns * is anything but /, ? one character but"
      .. " /.",
    users = "The user matches a pattern: users and Identity Center users, unless it begins with"
      .. " role/ or federated/, or is root; * alone is everyone.",
    groups = "The user is in one of the policy's own groups.",
    roles = "The role that would be assumed: its name, or its ARN for a pattern that begins with"
      .. " arn:.",
    accounts = "The account of the role that would be assumed.",
    caller_roles = "The role of the identity that asks.",
    caller_accounts = "The account of the identity that asks.",
    mode = "How credentials are asked for.",
    time = "The local time is on one of the days and within the hours.",
    source_ip = "The address that the broker saw is in one of the blocks.",
    mfa = "An MFA code was given.",
    break_glass = "The request invokes break-glass with one of the reason codes.",
    approval = "The request is approved.",
    device = "The caller's device has what is asked for.",
    all = "Every one of the condition maps holds.",
    any = "One of the condition maps holds.",
    ["not"] = "The condition map does not hold.",
  },
  time = {
    days = "Weekdays; a window that wraps past midnight belongs to the day on which it began.",
    hours = "From start, which is in, to end, which is out.",
    timezone = "The IANA name of a time zone; UTC when there is none.",
  },
  hours = {
    start = "HH:MM from 00:00 to 23:59.",
    ["end"] = "HH:MM from 00:00 to 24:00; before start it is on the next day.",
  },
  mfa = {
    max_age = "How old the code may be: 15m.",
  },
  break_glass = {
    reason_codes = "Patterns of reason codes.",
  },
  approval = {
    approvers = "Patterns of those who may approve; anyone when there are none.",
    min_approvals = "How many different approvers it takes; 1 when it is not said.",
  },
  device = {
    require_encryption = "The disk is encrypted.",
    require_mdm = "The device is managed.",
    require_mdm_compliant = "The device is managed and complies.",
    require_firewall = "The firewall is on.",
    min_os_version = "The least version of the operating system, compared number by number.",
    allowed_os_types = "The operating systems that may be used.",
  },
}
