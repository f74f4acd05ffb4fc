// Tokens of AI providers and package registries told by their prefix: Hugging Face, npm, PyPI, Groq, xAI, Replicate, Docker.
import type { Detector } from '../detector.ts'

export const providerToken: Detector = {
  name: 'provider-token',
  class: 'Secret',
  pattern: String.raw`\bhf_[A-Za-z0-9]{34}\b|\bnpm_[A-Za-z0-9]{36}\b|\bpypi-[A-Za-z0-9_-]{50,}|\bgsk_[A-Za-z0-9]{52}\b|\bxai-[A-Za-z0-9]{70,90}\b|\br8_[A-Za-z0-9]{37}\b|\bdckr_pat_[A-Za-z0-9_-]{27}`,
  maxLength: 260,
}
