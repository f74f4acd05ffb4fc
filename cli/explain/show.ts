// An explanation for people: the decision first, then a table for each policy that was asked.
import type { AnswerTrace, PolicyTrace, RuleTrace } from '../../policy/explain.ts'
import type { Terminal } from '../terminal.ts'
import { toExcerpt, width } from '../terminal.ts'
import type { Report } from './report.ts'

type Row = readonly [what: string, name: string, said: string]

export function showExplanation(terminal: Terminal, report: Report): void {
  showCall(terminal, report)
  for (const trace of report.policies) showPolicy(terminal, trace)
  for (const trace of report.answers ?? []) showAnswer(terminal, trace)
  if (report.notAsked.length > 0) terminal.line()
  for (const { policy, because } of report.notAsked) {
    const why = because === 'Disabled' ? 'mode Disabled' : 'it does not select this connection'
    terminal.line(terminal.paint('quiet', `${policy} was not asked: ${why}`))
  }
}

function showCall(terminal: Terminal, { request, who, connection, outcome }: Report): void {
  terminal.line(`call        ${toExcerpt(`${request.method} ${request.path}`, width - 12)}`)
  terminal.line(`caller      ${toExcerpt(who, width - 12)}`)
  terminal.line(`connection  ${connection ?? 'none: no route leads to one'}`)
  const style = outcome.decision === 'Deny' || outcome.answer === 'Denied' ? 'bad' : 'good'
  terminal.line(`decision    ${terminal.paint(style, toDecisionText(outcome))}`)
  if (outcome.message !== undefined) terminal.text(outcome.message, 12)
}

function toDecisionText({ decision, answer, reason, code, policy, rule, rules = [] }: Report['outcome']): string {
  const told = [reason, code].filter((one) => one !== undefined).join(', ')
  const by = policy === undefined ? '' : ` by ${policy}${rule === undefined ? '' : `/${rule}`}`
  if (decision === 'Deny') return `Deny${by} (${told})`
  const permit = `Permit by ${rules.join(', ')}`
  if (answer === undefined) return permit
  return answer === 'Released' ? `${permit}; the answer is released` : `${permit}; the answer is refused${by} (${told})`
}

function showPolicy(terminal: Terminal, trace: PolicyTrace): void {
  terminal.line()
  terminal.line(terminal.paint('strong', `${trace.policy} (${trace.mode}) ${toStandText(trace)}`))
  const { subjects = [], rules, variables, risk, limits, masks } = trace
  showRows(terminal, [
    ...subjects.map(({ name, outcome, in: fields = [], failure }): Row => {
      if (outcome === 'Failed') return ['subject', name, toFailureText(failure)]
      return ['subject', name, outcome === 'Matches' ? 'matches' : `differs in ${fields.join(', ')}`]
    }),
    ...rules.map(toRuleRow),
    ...(risk === undefined ? [] : [toRiskRow(risk)]),
    ...limits.map((limit): Row => {
      if ('failure' in limit) return ['limit', limit.limit, toFailureText(limit.failure)]
      const { measure, max, windowMs, key } = limit.demand
      const within = windowMs === 0 ? 'at once' : `in ${windowMs / 1000} s`
      return ['limit', limit.limit, `${max} ${measure} ${within}, counted for "${key}"`]
    }),
    ...masks.map(({ mask, phase, class: dataClass, field = '', action }): Row => {
      const what = dataClass === undefined ? `what stands at ${field}` : `what is found of class ${dataClass}`
      return ['mask', mask, `${action}, ${what}, in the ${phase === 'Request' ? 'request' : 'answer'}`]
    }),
    ...variables.map((variable): Row => {
      if ('failure' in variable) return ['variable', variable.name, toFailureText(variable.failure)]
      const { name, value } = variable
      return ['variable', name, value === undefined ? 'has a value (--values shows it)' : JSON.stringify(value)]
    }),
  ])
}

function toStandText({ speaks, denied, mode, rules }: PolicyTrace): string {
  const would = mode === 'Audit' ? 'would refuse' : 'refuses'
  switch (speaks) {
    case 'No':
      return 'does not speak about this caller'
    case 'Invalid':
      return `does not compile for this connection, so it ${would}`
    case 'Failed':
      return `cannot tell whether it speaks about this caller, so it ${would}`
    case 'Yes': {
      if (denied !== undefined) return `speaks about this caller, and ${would}`
      const allows = rules.some(({ action, outcome }) => action === 'Allow' && outcome === 'Matched')
      return `speaks about this caller, and ${allows ? 'allows' : 'neither allows nor refuses'}`
    }
  }
}

function showAnswer(terminal: Terminal, { policy, mode, rules, denied }: AnswerTrace): void {
  const said = denied === undefined ? 'has nothing against it' : mode === 'Audit' ? 'would refuse it' : 'refuses it'
  terminal.line()
  terminal.line(terminal.paint('strong', `the answer, to ${policy} (${mode}), which ${said}`))
  showRows(terminal, rules.map(toRuleRow))
}

function toRuleRow({ name, action, outcome, failure, message }: RuleTrace): Row {
  const told = message === undefined ? '' : `: ${message}`
  switch (outcome) {
    case 'Matched':
      return ['rule', name, `${action}, matched${told}`]
    case 'NotMatched':
      return ['rule', name, `${action}, not matched`]
    case 'Failed':
      return ['rule', name, `${action}, ${toFailureText(failure)}`]
  }
}

function toRiskRow(risk: NonNullable<PolicyTrace['risk']>): Row {
  if ('failure' in risk) return ['risk', risk.of, toFailureText(risk.failure)]
  const { score, reasons, denyAbove } = risk
  const bound = denyAbove === undefined ? '' : `, refused above ${denyAbove}`
  return ['risk', String(score), `${reasons.length === 0 ? 'nothing speaks for a risk' : reasons.join(', ')}${bound}`]
}

/** The kind of failure in words: `failed: no such key`. */
function toFailureText(failure = ''): string {
  const [, code] = /\(([a-z_]+)\)$/.exec(failure) ?? []
  if (code === 'host' || code === 'host_final') return 'failed: a variable or score that it uses failed'
  return `failed: ${code === undefined ? failure : code.replaceAll('_', ' ')}`
}

function showRows(terminal: Terminal, rows: readonly Row[]): void {
  const longest = Math.min(40, Math.max(0, ...rows.map(([, name]) => name.length)))
  for (const [what, name, said] of rows) {
    const head = `  ${what.padEnd(9)} ${name.padEnd(longest)}  `
    terminal.line(`${head}${toExcerpt(said, Math.max(20, width - head.length))}`)
  }
}
