// `portcullis lint` over whole folders: what it reads, what it passes over, and its exit codes. Findings and their places: cli/lint.
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFiles, run } from '../helpers/cli.ts'

const connection = `apiVersion: portcullis.dev/v1alpha1
kind: ModelConnection
metadata: { namespace: team, name: chat }
spec: { mode: Active, protocol: OpenAI, endpoints: [{ name: main, service: { name: llm, port: 8000 } }] }
`
const policy = `apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: policy }
spec:
  mode: Enforce
  targetRefs: [{ name: chat }]
  rules: [{ name: allow, phase: Request, action: Allow }]
`
const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: llm }\n'

async function lintFiles(files: Readonly<Record<string, string>>, ...words: readonly string[]) {
  await using made = await makeFiles(files)
  const { folder } = made
  const ran = await run('lint', folder, ...words)
  return { ...ran, output: ran.output.replaceAll(`${folder}/`, '') }
}

describe('portcullis lint', () => {
  it('has nothing against the samples', async () => {
    const { code, output } = await run('lint', path.resolve(import.meta.dirname, '../../config/samples'))
    expect(output).toMatch(/\nlint: 0 errors, 0 warnings in \d+ files, /)
    expect(code).toBe(0)
  })

  it('reads folders below, names what it passes over and what it takes to exist', async () => {
    const files = {
      'a/chat.yaml': connection,
      'b/c/policy.yml': policy,
      'b/llm.yaml': deployment,
      '.git/x.yaml': '[',
      'notes.txt': '[',
    }
    const { code, output } = await lintFiles(files)
    expect(output).toBe(`b/llm.yaml:2: apps/v1 Deployment is passed over
taken to exist, because only a cluster knows: Service team/llm
lint: 0 errors, 0 warnings in 3 files, 1 connection, 1 policy
`)
    expect(code).toBe(0)
  })

  it('says what is wrong, what to do, and fails', async () => {
    const { code, output } = await lintFiles({
      'chat.yaml': connection,
      'policy.yaml': policy.replace('name: chat', 'name: chad').replace('Allow', 'Alow'),
    })
    expect(output).toContain(
      'policy.yaml:7:50: error: InferencePolicy team/policy, spec.rules[0].action: must be one of Deny, RequireApproval, Allow [Invalid]\n',
    )
    expect(output).toContain(
      'chat.yaml:3:36: warning: ModelConnection team/chat, metadata.name: no enforced policy in these files selects it',
    )
    expect(output).toContain('\n    name it in targetRefs of a policy of its namespace')
    expect(output).toMatch(/\nlint: 1 error, 1 warning in 2 files, 1 connection, 0 policies\n$/)
    expect(code).toBe(1)
  })

  it('does not fail for warnings alone', async () => {
    const { code, output } = await lintFiles({ 'chat.yaml': connection })
    expect(output).toContain('[NotSelected]')
    expect(code).toBe(0)
  })

  it('finds what is wrong with tests as well', async () => {
    const test = 'apiVersion: cli.portcullis.dev/v1alpha1\nkind: PolicyTest\nobjects: [.]\ncases: []\n'
    const { code, output } = await lintFiles({
      'chat.yaml': connection,
      'policy.yaml': policy,
      'tests/chat.yaml': test,
    })
    expect(output).toContain('tests/chat.yaml:4:1: error: PolicyTest, cases: must have 1 to 10000 items [Invalid]')
    expect(code).toBe(1)
  })

  it('tells programs the same as JSON', async () => {
    const { code, output } = await lintFiles(
      {
        'a.yaml': `${connection}---\n${policy.replace('action: Allow', "action: Allow, when: 'request.modle == 1'")}---\n${deployment}`,
      },
      '--output',
      'json',
    )
    expect(JSON.parse(output)).toMatchObject({
      files: ['a.yaml'],
      objects: { connections: 1, policies: 1, settings: 0, tests: 0 },
      errors: 1,
      warnings: 0,
      findings: [
        {
          file: 'a.yaml',
          line: 12,
          column: 72,
          severity: 'error',
          reason: 'InvalidExpression',
          object: 'InferencePolicy team/policy',
          path: 'spec.rules[0].when',
        },
      ],
      passedOver: [{ file: 'a.yaml', line: 15, what: 'apps/v1 Deployment' }],
      assumed: ['Service team/llm'],
    })
    expect(code).toBe(1)
  })

  it('knows loopback and another platform namespace by options', async () => {
    const local = connection.replace('service: { name: llm, port: 8000 }', 'url: "http://127.0.0.1:8000"')
    const files = {
      'chat.yaml': local,
      'policy.yaml': policy
        .replace('namespace: team', 'namespace: acme')
        .replace('targetRefs: [{ name: chat }]', 'targetNamespaces: { mode: All }'),
    }
    expect((await lintFiles(files)).output).toContain('lint: 2 errors')
    expect((await lintFiles(files, '--allow-loopback', '--platform-namespace', 'acme')).output).toContain(
      'lint: 0 errors, 0 warnings',
    )
  })

  it.each([
    ['nothing', {}, 'there is no YAML in'],
    ['nothing of ours', { 'a.yaml': deployment }, 'there is no connection, policy or platform settings in'],
  ])('refuses to look at %s', async (_, files, message) => {
    await expect(lintFiles(files)).rejects.toMatchObject({
      name: 'CliError',
      message: expect.stringContaining(message),
    })
  })
})
