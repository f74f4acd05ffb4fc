// What is printed to be pasted must fit the screen and name the addresses that were taken.
import { describe, expect, it } from 'vitest'
import { showLines, showNext } from './next.ts'
import { makeTerminal, width } from './terminal.ts'

function shown(show: (terminal: ReturnType<typeof makeTerminal>) => void): string {
  const written: string[] = []
  show(makeTerminal({ write: (text) => written.push(text), color: false }))
  return written.join('')
}

const addresses = {
  gateway: 'http://127.0.0.1:65001',
  identityProvider: 'http://127.0.0.1:65002',
  model: 'http://127.0.0.1:65003',
}

describe('showLines', () => {
  it('names the addresses', () => {
    const text = shown((terminal) => showLines(terminal, addresses))
    expect(text).toContain('$(curl -s http://127.0.0.1:65002/users/alice/token)')
    expect(text).toContain('curl -i http://127.0.0.1:65001/research/chat/v1/chat/completions')
    expect(text).toContain("baseURL = 'http://127.0.0.1:65001/research/chat/v1'")
    expect(text).toContain('http://127.0.0.1:65003/seen')
  })
})

describe('showNext', () => {
  it('says how to make it stay, inside the width', () => {
    const text = shown(showNext)
    expect(text).toContain('npm run up -- --keep')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
  })
})
