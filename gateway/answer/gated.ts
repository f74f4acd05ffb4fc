// A stream whose events leave once they were judged, each exactly as it came or as the masks of the call leave it. A denial, or a budget that is spent, puts the
// protocol's own end in place of the rest, so that clients read a proper one.
import { toAnswerDenial, toRefusal } from '../reply.ts'
import type { GatewayError } from '../errors.ts'
import type { AnswerStream, Ending } from '../protocols/protocol.ts'
import type { Gate } from './gate.ts'
import type { Mode } from './mode.ts'
import { tooMuch, toUnreadable } from './mode.ts'
import type { Outlet } from './outlet.ts'
import { joinBytes, Lines, Pieces, Schedule } from './pieces.ts'
import type { Ended } from './reading.ts'
import { maxReadBytes } from './reading.ts'
import type { Way } from './way.ts'

export interface GatedOptions {
  readonly way: Way
  readonly gate: Gate
  readonly stream: AnswerStream
  readonly outlet: Outlet
}

export class GatedStream implements Mode {
  readonly #options: GatedOptions
  readonly #lines = new Lines()
  readonly #schedule = new Schedule()
  /** What the stream has taken and not given back yet. */
  readonly #partial = new Pieces()
  #read = 0
  #isEnding = false
  /** While a shared counter is asked. */
  #isBusy = false
  #isFlowing = true
  #isUnread = false
  /** What leaves of the bytes that came together, in one write: one for each event costs more than all that is done to it. */
  #out: Uint8Array[] = []
  #resume: (() => void) | undefined

  constructor(options: GatedOptions) {
    this.#options = options
  }

  write(bytes: Uint8Array): boolean {
    // Whoever paused has resumed by now; a piece that completes no event writes nothing, and nothing would drain.
    this.#isFlowing = true
    this.#lines.push(bytes)
    this.#pump()
    return this.#isFlowing && !this.#isBusy
  }

  onDrain(resume: () => void): void {
    if (this.#isBusy) this.#resume = resume
    else this.#options.way.reply.onDrain(resume)
  }

  end(): void {
    this.#isEnding = true
    this.#pump()
  }

  #pump(): void {
    try {
      this.#takeAll()
    } finally {
      this.#send()
    }
  }

  #takeAll(): void {
    const { way } = this.#options
    while (!this.#isBusy && !way.isOver) {
      const line = this.#lines.next()
      if (line !== undefined) this.#take(line)
      else if (this.#isEnding) return this.#finish()
      else return
    }
  }

  #send(): void {
    const { way } = this.#options
    if (this.#out.length > 0 && !way.isOver) this.#isFlowing = way.reply.write(this.#takeOut())
  }

  #takeOut(): Uint8Array {
    const all = this.#out
    this.#out = []
    return joinBytes(all)
  }

  #take(line: Uint8Array): void {
    if (this.#isUnread) {
      this.#out.push(line)
      return
    }
    this.#read += line.length
    if (this.#read <= maxReadBytes && this.#takeAgain(line)) return
    this.#partial.push(line)
    if (this.#read > maxReadBytes) this.#giveUp(tooMuch())
    else if (this.#readEvents((stream) => stream.push(line)) && this.#isDue) this.#check(true)
  }

  /** Where nobody asks what the answer says, events that differ from the last one in their text alone are only masked. */
  #takeAgain(line: Uint8Array): boolean {
    const { gate, outlet } = this.#options
    if (!gate.isIdle || this.#partial.length > 0) return false
    const event = outlet.again?.(line)
    if (event === undefined) return false
    this.#write(event)
    return true
  }

  get #isDue(): boolean {
    const { gate, outlet } = this.#options
    return outlet.length > 0 && (gate.isIdle || this.#schedule.isDue)
  }

  #finish(): void {
    if (this.#isUnread || !this.#readEvents((stream) => stream.end())) this.#close()
    else this.#check(false)
  }

  /** False: they cannot be read, and what follows from that has been done. */
  #readEvents(read: (stream: AnswerStream) => readonly Uint8Array[]): boolean {
    let events: readonly Uint8Array[]
    try {
      events = read(this.#options.stream)
    } catch (error) {
      this.#giveUp(toUnreadable(error))
      return false
    }
    for (const event of events) {
      this.#partial.drop(event.length)
      this.#options.outlet.add(event)
      this.#schedule.came(event.length)
    }
    return true
  }

  #check(goesOn: boolean): void {
    const { way, gate, stream } = this.#options
    if (gate.isIdle) {
      if (this.#release() && !goesOn) this.#close()
      return
    }
    const facts = stream.facts()
    this.#schedule.judged(facts)
    const verdict = gate.check(facts, goesOn)
    this.#isBusy = verdict instanceof Promise
    way.afterwards(verdict, (ending) => {
      const wasBusy = this.#isBusy
      this.#isBusy = false
      if (ending !== undefined) {
        this.#stop(ending)
        return
      }
      if (!this.#release()) return
      if (!goesOn) this.#close(facts.usage)
      else if (wasBusy) this.#goOn()
    })
  }

  /** False: a mask has ended the stream. */
  #release(): boolean {
    const { outlet } = this.#options
    return outlet.length === 0 || this.#write(outlet.release())
  }

  #write(bytes: Uint8Array): boolean {
    const { gate, stream, outlet } = this.#options
    const { denied } = outlet
    if (denied === undefined) {
      if (bytes.length > 0) this.#out.push(bytes)
      if (gate.isIdle) stream.sent?.()
      return true
    }
    // Tells the stream that what came since then does not go on; where facts were judged, it has been asked for them just now.
    if (gate.isIdle) stream.facts()
    this.#stop({ refusal: toAnswerDenial(denied), denied })
    return false
  }

  flush(): void {
    const { way, outlet } = this.#options
    if (this.#isUnread || way.isOver) return
    const rest = outlet.end()
    if (rest.length > 0 && outlet.denied === undefined) way.reply.write(rest)
  }

  /** What came while a counter was asked, and then the model server again. */
  #goOn(): void {
    this.#pump()
    if (this.#isBusy) return
    const resume = this.#resume
    this.#resume = undefined
    if (resume === undefined) return
    if (this.#isFlowing) resume()
    else this.#options.way.reply.onDrain(resume)
  }

  #close(usage?: ReturnType<AnswerStream['facts']>['usage']): void {
    const { way, outlet } = this.#options
    if (way.isOver || (!this.#isUnread && !this.#write(outlet.end()))) return
    this.#send()
    way.reply.end()
    way.end({ kind: 'Passed', usage })
  }

  #stop(ending: Ended): void {
    const { way } = this.#options
    this.#endWith(ending.denied === undefined ? { kind: 'BudgetSpent' } : { kind: 'Refused', refusal: ending.refusal })
    way.end({ kind: 'Denied', ending })
  }

  /** What was only to be counted passes, and counts as unknown. */
  #giveUp(error: GatewayError): void {
    const { way, gate, stream, outlet } = this.#options
    if (gate.acts) {
      // Tells the stream that what came since it was asked last does not go on.
      stream.facts()
      this.#endWith({ kind: 'Refused', refusal: toRefusal(error) })
      way.end({ kind: 'Closed', error })
      return
    }
    this.#isUnread = true
    if (outlet.length > 0) this.#out.push(outlet.release())
    if (this.#partial.length > 0) this.#out.push(this.#partial.take())
  }

  #endWith(ending: Ending): void {
    const { way, stream, outlet } = this.#options
    this.#out.push(outlet.close(stream.close(ending)))
    way.reply.end(this.#takeOut())
  }
}
