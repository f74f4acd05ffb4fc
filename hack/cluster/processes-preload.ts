// Loaded into operator and gateway (`node --import`) where they run as processes: what a pod gets from its node and a process of
// a test must get otherwise. An end together with its owner, however that dies, and a cluster's DNS: names in a file of lines
// `address name`, read at every question, so that a test turns a name to another address as an authority of that zone could.
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import dns from 'node:dns/promises'
import process from 'node:process'

// The other end of standard input is the owner's alone.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.on('error', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.resume()
if ('unref' in process.stdin) process.stdin.unref()

// oxlint-disable-next-line node/no-process-env -- an entry of a process, like main.ts
const namesFile = process.env['PORTCULLIS_TEST_NAMES']
if (namesFile !== undefined) {
  const lookup = dns.lookup
  const answer = async (name: string, options: object): Promise<unknown> => {
    const addresses = findAddresses(readFileSync(namesFile, 'utf8'), name)
    if (addresses.length === 0) return await lookup(name, options)
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  Object.assign(dns, { lookup: answer })
  syncBuiltinESMExports()
}

function findAddresses(text: string, name: string): readonly string[] {
  const wanted = name.replace(/\.$/u, '').toLowerCase()
  return text.split('\n').flatMap((line) => {
    const [address = '', known] = line.split(' ')
    return known === wanted ? [address] : []
  })
}
