// The story of `portcullis up`: start what a cluster would have around it, walk the tour, then either end or stay over the folder.
// Returns the exit code.
import type { Clock } from '../kube/clock.ts'
import type { UpCommand } from './arguments.ts'
import { usualPort } from './help.ts'
import { assertFolder } from './local/folder.ts'
import { showNext } from './next.ts'
import { choosePort } from './port.ts'
import { runTour } from './tour/run.ts'
import { serve } from './serve.ts'
import type { Surroundings } from './surroundings.ts'
import { startSurroundings } from './surroundings.ts'
import type { Terminal } from './terminal.ts'
import { toVerdict } from './tour.ts'

export interface UpDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly terminal: Terminal
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal
  /** The folder that the tour is about. */
  readonly samples: string
}

const interrupted = 130

export async function up(deps: UpDeps, command: UpCommand): Promise<number> {
  const folder = command.folder ?? deps.samples
  await assertFolder(folder)
  const port = await toPort(command)
  const usualPorts = [usualPort + 1, usualPort + 2] as const
  await using surroundings = await startSurroundings(deps.clock, command.keep ? usualPorts : undefined)
  const toured = command.folder === undefined ? await tour(deps, { port, surroundings, isLast: !command.keep }) : 0
  if (command.keep && !deps.signal.aborted) {
    await serve(deps, { folder, port, surroundings, isSample: command.folder === undefined })
  }
  return toured
}

/** A tour that ends takes any port, so that it never meets one that stays. */
async function toPort({ keep, port }: UpCommand): Promise<number> {
  return choosePort({ ...(port === undefined ? {} : { wanted: port }), usual: keep ? usualPort : 0 })
}

interface TourParts {
  readonly port: number
  readonly surroundings: Surroundings
  /** Nothing follows, so that this says what could. */
  readonly isLast: boolean
}

async function tour(deps: UpDeps, { port, surroundings, isLast }: TourParts): Promise<number> {
  const { terminal, samples, signal } = deps
  terminal.line(terminal.paint('strong', 'Portcullis: operator and gateway in one process, no Kubernetes'))
  terminal.line()
  const result = await runTour(deps, { samples, port, surroundings })
  if (signal.aborted) {
    terminal.line('interrupted')
    return interrupted
  }
  if (isLast) showNext(terminal)
  terminal.line(toVerdict(result))
  if (!isLast) terminal.line()
  return result.good === result.of ? 0 : 1
}
