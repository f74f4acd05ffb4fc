// The offline commands as processes: exit codes, what goes to which stream, and that nothing but files is touched.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFiles } from '../helpers/cli.ts'

const root = path.resolve(import.meta.dirname, '../..')
const node = path.join(root, 'node_modules/.bin/node')

async function portcullis(words: readonly string[], flags: readonly string[] = []) {
  const child = spawn(node, [...flags, 'cli/main.ts', ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.output += piece))
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.errors += piece))
  const [code]: (number | null)[] = await once(child, 'close')
  return { code, ...text }
}

const readSample = async (name: string): Promise<string> => readFile(path.join(root, 'config/samples', name), 'utf8')

const broken = `apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: policy }
spec: { mode: Enforce, targetRefs: [{ name: chat }], rules: [{ name: a, phase: Request, action: Allow, when: nonsense }] }
`

describe('portcullis lint', () => {
  it('ends with 0 for the samples, 1 for mistakes and 2 for what it cannot look at', async () => {
    await using files = await makeFiles({ 'policy.yaml': broken })
    const good = await portcullis(['lint', 'config/samples'])
    expect(good).toMatchObject({ code: 0, errors: '' })
    expect(good.output).toMatch(/\nlint: 0 errors, 0 warnings in .*\n$/)
    const bad = await portcullis(['lint', files.folder])
    expect(bad).toMatchObject({ code: 1, errors: '' })
    expect(bad.output).toContain('policy.yaml:4:110: error: InferencePolicy team/policy, spec.rules[0].when: ')
    const nothing = await portcullis(['lint', path.join(files.folder, 'nothing')])
    expect(nothing).toMatchObject({ code: 2, output: '' })
    expect(nothing.errors).toMatch(/^portcullis: there is no file or folder .*nothing\n {2}name YAML files/)
  })
})

describe('portcullis test', () => {
  it('passes the samples, without a socket or a file written', async () => {
    // Node itself refuses both; only reading is allowed.
    const flags = ['--permission', `--allow-fs-read=${root}`]
    const { code, output, errors } = await portcullis(['test', 'config/samples/tests', '--min-coverage', '100'], flags)
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(output).toMatch(/\ncoverage: \d+ of \d+ rules \(100 %\)\n$/)
    expect(output).not.toContain('\x1b')
  })

  it('fails for a promise that is not kept, and writes why', async () => {
    const tests = await readSample('tests/research.yaml')
    await using files = await makeFiles({
      'research.yaml': await readSample('research.yaml'),
      'platform.yaml': await readSample('platform.yaml'),
      'tests/research.yaml': tests.replaceAll('NoRuleAllows', 'ConnectionPaused'),
    })
    const report = path.join(files.folder, 'report.xml')
    const words = ['test', path.join(files.folder, 'tests'), '--output', 'junit', '--output-file', report]
    const { code, output } = await portcullis(words)
    expect(output).toContain('✗ more than 4096 tokens are not')
    expect(output).toContain('reason   expected ConnectionPaused')
    expect(code).toBe(1)
    expect(await readFile(report, 'utf8')).toContain('failures="3"')
  })
})

describe('portcullis explain', () => {
  it('explains a case of the samples', async () => {
    const { code, output } = await portcullis(['explain', 'config/samples/tests', '--case', 'old turns'])
    expect(output).toContain('nightjar-is-confidential')
    expect(code).toBe(0)
  })
})
