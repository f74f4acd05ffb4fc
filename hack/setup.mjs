// Installs the dependencies when the lock file changed since the last install. Plain JavaScript on purpose: it is the one
// file that runs on whatever Node the machine has (20 or later); everything after it runs in a second `npm run`, where the
// name `node` is the pinned Node from the lock file. (A shell keeps the path of `node` that it found before the install.)
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const stamp = path.join(root, 'node_modules', '.portcullis-setup')
const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']
const platform = `${process.platform}-${process.arch}`

function fail(message) {
  process.stderr.write(`setup: ${message}\n`)
  process.exit(1)
}

const major = Number(process.versions.node.split('.')[0])
if (major < 20) fail(`this is Node ${process.versions.node}; install Node 20 or later, the rest comes from npm.`)

const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
  readFileSync(path.join(root, 'package.json'), 'utf8'),
)
// What is asked for and what it came to; another script in package.json is no reason to install anew.
const digest = createHash('sha256')
  .update(readFileSync(path.join(root, 'package-lock.json')))
  .update(JSON.stringify([dependencies, devDependencies, optionalDependencies]))
  .update(platform)
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  process.stderr.write('setup: installing dependencies from package-lock.json (half a minute on a fresh machine) ...\n')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (npm.error) fail(`could not run npm (${npm.error.message}); npm comes with Node, check your PATH.`)
  if (npm.status !== 0)
    fail('npm ci failed; the lines above say why. Without a network, check the registry npm is set to.')
  writeFileSync(stamp, digest)
}

const node = path.join(root, 'node_modules', '.bin', 'node')
if (!existsSync(node) && major < 26) {
  fail(
    `no Node 26 came with the install for ${platform} (npm carries it for ${supported.join(', ')}); ` +
      'install Node 26 or later yourself and run again.',
  )
}
