// What a person can try when the tour is over: lines to paste, for curl and for the OpenAI SDKs.
import { usualPort } from './help.ts'
import { loopback } from './loopback-server.ts'
import type { Terminal } from './terminal.ts'
import { sample } from './tour/steps.ts'

export interface Addresses {
  readonly gateway: string
  readonly identityProvider: string
  readonly model: string
}

/** After a tour nothing runs any more, so this begins with how to make it stay. */
export function showNext(terminal: Terminal): void {
  terminal.line(terminal.paint('strong', 'What to try next'))
  terminal.text('npm run up -- --keep leaves it running and prints these lines with the addresses it took:', 3)
  terminal.line()
  showLines(terminal, {
    gateway: `http://${loopback}:${usualPort}`,
    identityProvider: `http://${loopback}:${usualPort + 1}`,
    model: `http://${loopback}:${usualPort + 2}`,
  })
}

export function showLines(terminal: Terminal, addresses: Addresses): void {
  for (const line of [...toCurlLines(addresses), '', ...toSdkLines(addresses), '', ...toExperiments(addresses)]) {
    terminal.line(line === '' ? '' : `   ${line}`)
  }
  terminal.line()
}

function toCurlLines({ gateway, identityProvider }: Addresses): readonly string[] {
  const { namespace, connection, user, model } = sample
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] })
  return [
    `export TOKEN=$(curl -s ${identityProvider}/users/${user}/token)`,
    `curl -i ${gateway}/${namespace}/${connection}/v1/chat/completions \\`,
    '  -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \\',
    `  -d '${body}'`,
  ]
}

function toSdkLines({ gateway }: Addresses): readonly string[] {
  const { namespace, connection, model } = sample
  return [
    "import OpenAI from 'openai'",
    `const baseURL = '${gateway}/${namespace}/${connection}/v1'`,
    'const client = new OpenAI({ baseURL, apiKey: process.env.TOKEN })',
    "const messages = [{ role: 'user', content: 'hello' }]",
    `await client.chat.completions.create({ model: '${model}', messages })`,
  ]
}

/** Questions whose answers differ. */
function toExperiments({ identityProvider, model }: Addresses): readonly string[] {
  return [
    `Say "Nightjar" in a message: the rule ${sample.deniedRule} answers.`,
    `Take ${identityProvider}/users/bob/token instead: no policy lets bob in.`,
    `Ask the mock model what reached it: curl -s ${model}/seen`,
    'Edit a YAML file of the folder: the next call is judged by the new revision.',
  ]
}
