// Session records as JSON lines in one file, appended in batches. Bounded: when the disk does not keep up or fails, the sink says
// so and calls are refused before they are sent, because what cannot be recorded is not forwarded. A batch that was half written
// is taken back, so that no line is torn or stands twice.
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { SessionRecord } from '../../policy/evidence.ts'

export interface JsonLinesOptions {
  readonly file: string
  readonly maxQueuedBytes: number
  /** Called once when writing begins to fail, not for every attempt after that. */
  readonly onFailure: (error: unknown) => void
  readonly onRecovery: () => void
  /** Records that will never be written: the queue was full, or the process ends while the disk still fails. */
  readonly onLoss: (count: number) => void
}

export class JsonLinesSink {
  readonly #options: JsonLinesOptions
  #queue: string[] = []
  #queuedBytes = 0
  #file: FileHandle | undefined
  /** What is certainly written whole. */
  #size = 0
  #writing: Promise<void> | undefined
  #failed = false

  constructor(options: JsonLinesOptions) {
    this.#options = options
  }

  get isWritable(): boolean {
    return !this.#failed && this.#queuedBytes < this.#options.maxQueuedBytes
  }

  /** Opens the file, so that a gateway that cannot record knows it before its first call. Never rejects. */
  async open(): Promise<void> {
    this.#start()
    await this.#writing
  }

  append(record: SessionRecord): void {
    if (this.#queuedBytes >= this.#options.maxQueuedBytes) {
      this.#options.onLoss(1)
      return
    }
    const line = `${JSON.stringify(record)}\n`
    this.#queue.push(line)
    this.#queuedBytes += line.length
    if (!this.#failed) this.#start()
  }

  /** Tries a failed file again; called by a timer of the process. Calls stay refused until a write has succeeded. */
  retry(): void {
    if (this.#failed) this.#start()
  }

  /** Writes what is left, with one last attempt at a failed file. */
  async close(): Promise<void> {
    if (this.#failed || this.#queue.length > 0) this.#start()
    while (this.#writing !== undefined) await this.#writing
    await this.#release()
    if (this.#queue.length > 0) this.#options.onLoss(this.#queue.length)
    this.#queue = []
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
      if (this.#queue.length > 0 && !this.#failed) this.#start()
    })
  }

  async #write(): Promise<void> {
    // One turn of the event loop gathers what a burst of calls leaves behind.
    await new Promise(setImmediate)
    try {
      do {
        const count = this.#queue.length
        const batch = this.#queue.join('')
        if (!(await this.#append(Buffer.from(batch)))) continue
        this.#queue = this.#queue.slice(count)
        this.#queuedBytes -= batch.length
        if (this.#failed) this.#options.onRecovery()
        this.#failed = false
      } while (this.#queue.length > 0)
    } catch (error) {
      await this.#release()
      if (!this.#failed) this.#options.onFailure(error)
      this.#failed = true
    }
  }

  /** False: the file was removed meanwhile, so nobody will ever read what was written; it is written again to a new one. */
  async #append(batch: Buffer): Promise<boolean> {
    this.#file ??= await this.#open()
    try {
      await this.#file.appendFile(batch)
    } catch (error) {
      // What is left behind if this fails too is closed off by a line break when the file is opened again.
      await this.#file.truncate(this.#size).catch(() => undefined)
      throw error
    }
    this.#size += batch.length
    const { nlink } = await this.#file.stat()
    if (nlink === 0) await this.#release()
    return nlink > 0
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.file, 'a+', 0o600)
    try {
      const { size } = await file.stat()
      this.#size = size
      if (size > 0 && !(await endsWithLineBreak(file, size))) {
        await file.appendFile('\n')
        this.#size += 1
      }
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #release(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined)
  }
}

async function endsWithLineBreak(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] === 10
}
