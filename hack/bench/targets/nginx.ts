// nginx as a minimal reverse proxy: one process, keep-alive to the upstream, no buffering of streams, no access log.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { processOptions } from '../cache.ts'
import { findFreePort, runCommand, startProcess, waitForPort } from '../processes.ts'
import type { Bench } from '../suite.ts'
import { startTimeoutMs, toStarted } from '../target.ts'
import type { Target } from '../target.ts'

export const nginx: Target = {
  name: 'nginx',
  async start(bench, upstream) {
    const file = findNginx(bench) ?? (await installNginx(bench))
    const folder = path.join(bench.scratchFolder, 'nginx')
    await mkdir(folder, { recursive: true })
    const port = await findFreePort()
    const config = path.join(folder, 'nginx.conf')
    await writeFile(config, toNginxConfig({ folder, port, upstreamPort: upstream.port }))
    const args = ['-p', folder, '-e', path.join(folder, 'error.log'), '-c', config]
    const running = startProcess({ name: 'nginx', file, args, cores: bench.cores.proxy, ...processOptions(bench) })
    await waitForPort(running, port, { timeoutMs: startTimeoutMs, signal: bench.signal })
    return toStarted('nginx', running, port)
  },
}

interface NginxOptions {
  readonly folder: string
  readonly port: number
  readonly upstreamPort: number
}

/** A process without master and workers: one process to pin and to charge, doing what one worker does. */
export function toNginxConfig({ folder, port, upstreamPort }: NginxOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
${temporary.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  keepalive_requests 100000000;
  upstream model {
    server 127.0.0.1:${upstreamPort};
    keepalive 128;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`
}

function findNginx(bench: Bench): string | undefined {
  const folders = [...(bench.environment['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => path.join(folder, 'nginx')).find((file) => existsSync(file))
}

/** Installs the distribution's nginx where the bench may; the service that the package brings is not to start. */
async function installNginx(bench: Bench): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('nginx is not installed and installing it takes root')
  if (!existsSync('/usr/bin/apt-get')) throw new Error('nginx is not installed and there is no apt-get to install it')
  bench.log('installing nginx with apt-get (its service is not started) ...')
  const options = processOptions(bench)
  const environment = { ...options.environment, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const apt = { name: 'apt-get', file: 'apt-get', ...options, environment }
  const install = { ...apt, args: ['install', '-y', '--no-install-recommends', 'nginx'] }
  try {
    await runCommand(install)
  } catch {
    // A machine that never fetched the package lists knows no package; the second failure is the one to report.
    await runCommand({ ...apt, args: ['update'] })
    await runCommand(install)
  }
  const file = findNginx(bench)
  if (file === undefined) throw new Error('apt-get installed nginx but there is no nginx in PATH or /usr/sbin')
  return file
}
