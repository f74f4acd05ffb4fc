// Every rule of the ModelConnection CRD with objects that it accepts and refuses.
import type { ObjectOfOurs } from './crds-api.ts'
import { forEach, toAcceptedCases, toRefusedCases } from './crds-cases.ts'

const endpoint = { name: 'main', url: 'https://api.example.com/v1' }
const secretRef = { name: 'key' }
const serviceAccount = { name: 'gateway', audience: 'https://models.example.com' }
const oauth2 = { tokenURL: 'https://login.example.com/oauth2/token' }

function make(spec: object, name = 'openai'): ObjectOfOurs {
  return {
    kind: 'ModelConnection',
    metadata: { name },
    spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [endpoint], ...spec },
  }
}

function withUrl(url: string): ObjectOfOurs {
  return make({ endpoints: [{ name: 'main', url }] })
}

function withEndpoint(fields: object): ObjectOfOurs {
  return make({ endpoints: [{ name: 'main', ...fields }] })
}

function withService(fields: object): ObjectOfOurs {
  return withEndpoint({ service: { name: 'vllm', port: 8000, ...fields } })
}

function withHealth(health: object): ObjectOfOurs {
  return withEndpoint({ url: endpoint.url, health })
}

function withTls(tls: object): ObjectOfOurs {
  return withEndpoint({ url: endpoint.url, tls })
}

function withCredential(credential: object): ObjectOfOurs {
  return make({ credential })
}

function withContent(content: object, protocol = 'HTTP'): ObjectOfOurs {
  return make({ protocol, content })
}

function withField(fields: object): ObjectOfOurs {
  return withContent({ mode: 'Declared', fields: [{ name: 'prompt', phase: 'Request', kind: 'Text', ...fields }] })
}

const timeouts = ['connectTimeout', 'firstByteTimeout', 'idleTimeout', 'requestTimeout'] as const

const acceptedUrls = [
  'https://api.example.com',
  'https://api.example.com/',
  'https://api.example.com:8443/v1/models/',
  'http://127.0.0.1:8080',
  'http://localhost',
  'https://10.0.0.7/v1',
  'https://[2001:db8::1]:8443/v1',
  'https://[2001:db8:ffff:1::1]',
  'https://h/a%20b/@me/x:y;z=1,2',
  'https://API.Example.COM/V1',
  'https://api.example.com./v1',
  'https://api.example.com:65535/v1',
  'https://168.63.129.160/',
  'https://1.example.com/v1',
  'https://0x.example.com/v1',
  'https://metadata-proxy.example.com',
  'https://kubernetes.example.com',
  'https://example.com/169.254.169.254/latest',
]

export const acceptedConnections = toAcceptedCases({
  ...Object.fromEntries(acceptedUrls.map((url) => [url, withUrl(url)])),
  'a name of 63 characters': make({}, 'a'.repeat(63)),
  paused: make({ mode: 'Paused' }),
  'a Service of the namespace': withService({}),
  'a Service with everything': withService({ namespace: 'models', scheme: 'HTTPS', path: '/v1' }),
  'a Service called kubernetes of an own namespace': withService({ name: 'kubernetes', namespace: 'team-a' }),
  'an endpoint out of rotation beside another': make({
    endpoints: [
      { ...endpoint, weight: 0 },
      { ...endpoint, name: 'b', weight: 1 },
    ],
  }),
  'TLS for a url': withTls({ serverName: 'vllm.models.svc', caRef: { kind: 'Secret', name: 'ca', key: 'ca.pem' } }),
  'TLS for a Service': withEndpoint({
    service: { name: 'vllm', port: 443, scheme: 'HTTPS' },
    tls: { clientCertificateRef: { name: 'client' } },
  }),
  'health checks': withHealth({ path: '/health', interval: '1m30s', timeout: '500ms', unhealthyAfter: 10 }),
  'models with slashes and colons': make({
    models: [{ name: 'meta-llama/Llama-3.1-8B:free', upstreamName: 'a', tokenizer: 'o200k_base' }],
  }),
  'a route of one segment': make({ route: { prefix: '/openai/' } }),
  'the root of a host': make({ route: { prefix: '/', hostnames: ['chat.example.com'] } }),
  'a route of eight segments': make({ route: { prefix: '/a/b/c/d/e/f/g/h/' } }),
  'a key in the usual header': withCredential({ type: 'Header', secretRef }),
  'a key in another header': withCredential({
    type: 'Header',
    secretRef: { name: 'key', key: 'k' },
    header: { name: 'x-api-key', prefix: '' },
  }),
  'a key in the query': withCredential({ type: 'Query', secretRef, query: { parameter: 'key' } }),
  'OAuth 2': withCredential({
    type: 'OAuth2ClientCredentials',
    secretRef,
    oauth2: { ...oauth2, scopes: ['a.b/c'], audience: 'x' },
  }),
  'a token of a service account': withCredential({ type: 'ServiceAccountToken', serviceAccount }),
  'AWS with keys': withCredential({ type: 'AWSSigV4', secretRef, aws: { region: 'eu-central-1', service: 'bedrock' } }),
  'AWS without keys': withCredential({ type: 'AWSSigV4', aws: { region: 'eu-central-1', service: 'bedrock' } }),
  Google: withCredential({
    type: 'GoogleWorkloadIdentity',
    serviceAccount,
    google: { provider: 'projects/1/x', serviceAccountEmail: 'a@b.c' },
  }),
  Azure: withCredential({
    type: 'AzureWorkloadIdentity',
    serviceAccount,
    azure: { tenantID: 't.example.com', clientID: 'c-1' },
  }),
  'a client certificate': withCredential({ type: 'ClientCertificate', secretRef }),
  'every limit at its largest': make({
    limits: {
      maxRequestBytes: 104857600,
      maxResponseBytes: 1073741824,
      maxConcurrent: 100000,
      ...Object.fromEntries(timeouts.map((name) => [name, '24h'])),
    },
  }),
  'durations of several parts': make({ limits: { connectTimeout: '1s500ms', requestTimeout: '1h30m' } }),
  'opaque content': withContent({ mode: 'Opaque' }),
  'opaque gRPC': withContent({ mode: 'Opaque' }, 'GRPC'),
  'opaque TCP': withContent({ mode: 'Opaque' }, 'TCP'),
  'a JSON pointer': withField({ pointer: '/inputs/*/text~1raw', classification: 'PHI' }),
  'a part of a form': withField({ formPart: 'file', kind: 'Binary' }),
  'the whole body': withField({ body: 'Whole' }),
  'a field of a message': withContent(
    {
      mode: 'Declared',
      descriptorSetRef: { name: 'descriptors' },
      fields: [{ name: 'p', phase: 'Request', kind: 'Text', messageField: 'acme.v1.Generate.prompt' }],
    },
    'GRPC',
  ),
  'media types': withContent({
    mode: 'Declared',
    media: [{ type: 'image/svg+xml', maxBytes: 1, maxWidth: 1, maxHeight: 1 }],
  }),
  'models over gRPC': make({ protocol: 'GRPC', content: { mode: 'Opaque' }, models: [{ name: 'm' }] }),
  'approval of changes': make({ lifecycle: { changes: 'RequireApproval', drainTimeout: '30s' } }),
  recording: make({ recording: { level: 'Raw', retentionClass: 'long', durability: 'StrictIntent' } }),
})

const shape = 'must look like https://host[:port][/base/path]'
const plain = 'the base path must be plain segments'
const forbidden = 'points at a link-local, cloud metadata, unspecified or Kubernetes API address'
const decimal = 'write an IPv4 address as four decimal numbers'
const duration = 'must be a duration'
const url = 'spec.endpoints[0].url'
const credential = 'spec.credential'

const forbiddenHosts = [
  '169.254.169.254',
  '169.254.0.1:8080',
  '[fe80::1]',
  '[FEBF::1]',
  '[::ffff:169.254.169.254]',
  '[0:0:0:0:0:ffff:a9fe:a9fe]',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '[::]',
  '0.0.0.0',
  '100.100.100.200',
  '168.63.129.16:32526',
  '192.0.0.192',
  'metadata',
  'metadata.google.internal',
  'METADATA.google.internal.',
  'instance-data.ec2.internal',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc:443',
  'kubernetes.default.svc.cluster.local',
]

export const refusedConnections = toRefusedCases({
  'a name with dots': [make({}, 'open.ai'), 'metadata.name', 'metadata.name must be a DNS label'],
  'a name of 64 characters': [make({}, 'a'.repeat(64)), 'metadata.name', 'metadata.name must be a DNS label'],
  'no endpoint': [make({ endpoints: [] }), 'spec.endpoints', 'should have at least 1 items'],
  'two endpoints of one name': [make({ endpoints: [endpoint, endpoint] }), 'spec.endpoints[1]', 'Duplicate value'],
  'a mode that does not exist': [make({ mode: 'active' }), 'spec.mode', 'supported values: "Active", "Paused"'],
  'all endpoints out of rotation': [
    make({ endpoints: [{ ...endpoint, weight: 0 }] }),
    'spec.endpoints',
    'at least one endpoint needs a weight above 0',
  ],
  'neither url nor service': [withEndpoint({}), 'spec.endpoints[0]', 'set exactly one of url'],
  'both url and service': [
    withEndpoint({ url: endpoint.url, service: { name: 'a', port: 1 } }),
    'spec.endpoints[0]',
    'set exactly one of url',
  ],
  'TLS without https': [
    withEndpoint({ url: 'http://a', tls: { serverName: 'a' } }),
    'spec.endpoints[0].tls',
    'tls needs an https:// url',
  ],
  'TLS for a Service without HTTPS': [
    withEndpoint({ service: { name: 'a', port: 1 }, tls: { serverName: 'a' } }),
    'spec.endpoints[0].tls',
    'tls needs an https:// url',
  ],
  'TLS that says nothing': [withTls({}), 'spec.endpoints[0].tls', 'should have at least 1 properties'],
  ...forEach(
    [
      'api.example.com/v1',
      'ftp://api.example.com',
      'HTTPS://api.example.com',
      'https://',
      'https://:443/v1',
      'https://a b.example.com',
      'https://a_b.example.com',
      'https://-a.example.com',
      'https://api.example.com:0',
      'https://api.example.com:65536',
      'https://api.example.com:080',
      'https://api.example.com:',
      'https://%31%36%39.example.com',
      'https://[fe80::1%25eth0]/',
      'https://api.example.com\\.evil.example.com',
      'file:///etc/passwd',
    ],
    (text) => ({ 'a url that is none': [withUrl(text), url, shape] }),
  ),
  ...forEach(
    [
      'https://user:pw@a.example.com',
      'https://token@a.example.com/v1',
      'https://@a.example.com',
      'https://a.example.com\\@b.example.com',
    ],
    (text) => ({
      'a user name in the url': [withUrl(text), url, 'must not contain a user name or password'],
    }),
  ),
  ...forEach(['https://a.example.com/?key=1', 'https://a.example.com?', 'https://a.example.com/#x'], (text) => ({
    'a query or fragment': [withUrl(text), url, 'must not contain a query or fragment'],
  })),
  ...forEach(
    [
      '//',
      '/v1//x',
      '/../v1',
      '/v1/..',
      '/./v1',
      '/%2e%2e/v1',
      '/a%2Fb',
      '/a%5cb',
      '/a b',
      '/a%zz',
      '/a\\b',
      '/ü',
      '/%00',
    ],
    (path) => ({
      'a base path that two readers may read differently': [withUrl(`https://a.example.com${path}`), url, plain],
    }),
  ),
  ...forEach(forbiddenHosts, (host) => ({ 'a forbidden host': [withUrl(`http://${host}/v1`), url, forbidden] })),
  ...forEach(
    ['2852039166', '0xa9fea9fe', '169.254', '0251.0376.0251.0376', '10.0.0.0x1', '1.2.3.256', '10.1', '01.2.3.4'],
    (host) => ({
      'another form of an IPv4 address': [withUrl(`http://${host}/v1`), url, decimal],
    }),
  ),
  'the Kubernetes API as a Service': [
    withService({ name: 'kubernetes', namespace: 'default' }),
    'spec.endpoints[0].service',
    'the Kubernetes API cannot be the target',
  ],
  ...forEach(['v1', '/v1//x', '/../x', '/v1?x=1', '/%2e%2e/x', ''], (path) => ({
    'a path of a Service': [
      withService({ path }),
      'spec.endpoints[0].service.path',
      'must begin with / and be plain segments',
    ],
    'a path of a health check': [
      withHealth({ path }),
      'spec.endpoints[0].health.path',
      'must begin with / and be plain segments',
    ],
  })),
  ...forEach(['10', '1d', '1 s', '999ms', '61m', '-1s', '1.5s', ''], (interval) => ({
    'an interval of health checks': [
      withHealth({ interval }),
      'spec.endpoints[0].health.interval',
      `${duration} from 1s to 1h`,
    ],
  })),
  ...forEach(['0s', '61s', '1w'], (timeout) => ({
    'a timeout of health checks': [
      withHealth({ timeout }),
      'spec.endpoints[0].health.timeout',
      `${duration} above 0s and up to 1m`,
    ],
  })),
  ...forEach(timeouts, (name) => ({
    'a timeout of nothing': [make({ limits: { [name]: '0s' } }), `spec.limits.${name}`, duration],
    'a timeout above a day': [make({ limits: { [name]: '24h1ms' } }), `spec.limits.${name}`, duration],
    'a timeout in days': [make({ limits: { [name]: '1d' } }), `spec.limits.${name}`, duration],
  })),
  'a drain timeout of nothing': [
    make({ lifecycle: { changes: 'Immediate', drainTimeout: '0ms' } }),
    'spec.lifecycle.drainTimeout',
    duration,
  ],
  'bodies without limit': [
    make({ limits: { maxRequestBytes: 104857601 } }),
    'spec.limits.maxRequestBytes',
    'less than or equal to',
  ],
  'limits that say nothing': [make({ limits: {} }), 'spec.limits', 'should have at least 1 properties'],
  'an empty list of models': [make({ models: [] }), 'spec.models', 'should have at least 1 items'],
  'a model twice': [make({ models: [{ name: 'a' }, { name: 'a' }] }), 'spec.models[1]', 'Duplicate value'],
  ...forEach(['HTTP', 'TCP'], (protocol) => ({
    'models of a protocol that names none': [
      make({ protocol, content: { mode: 'Opaque' }, models: [{ name: 'a' }] }),
      'spec.models',
      'name no model',
    ],
  })),
  ...forEach(
    ['openai/', '/openai', '//', '/a//b/', '/../', '/.hidden/', '/a b/', '/a%20b/', '/a/b/c/d/e/f/g/h/i/'],
    (prefix) => ({
      'a route': [make({ route: { prefix } }), 'spec.route.prefix', 'must begin and end with /'],
    }),
  ),
  ...forEach(['Chat.example.com', '*.example.com', 'chat.example.com:443', 'chat..example.com', ''], (name) => ({
    'a host name': [
      make({ route: { hostnames: [name] } }),
      'spec.route.hostnames[0]',
      'must be a host name in lower case',
    ],
  })),
  'a host name twice': [make({ route: { hostnames: ['a.b', 'a.b'] } }), 'spec.route.hostnames[1]', 'Duplicate value'],
  ...forEach(['Header', 'Query', 'OAuth2ClientCredentials', 'ClientCertificate'], (type) => ({
    'a credential without Secret': [withCredential({ type }), `${credential}.secretRef`, 'need secretRef'],
  })),
  ...forEach(['ServiceAccountToken', 'GoogleWorkloadIdentity', 'AzureWorkloadIdentity'], (type) => ({
    'a Secret that would not be used': [
      withCredential({ type, secretRef }),
      `${credential}.secretRef`,
      'take no secretRef',
    ],
    'no service account': [withCredential({ type }), `${credential}.serviceAccount`, 'serviceAccount is required'],
  })),
  'a key of a Secret with fixed keys': [
    withCredential({ type: 'ClientCertificate', secretRef: { name: 'a', key: 'b' } }),
    `${credential}.secretRef.key`,
    'key is only for types Header and Query',
  ],
  'a header of another type': [
    withCredential({ type: 'ClientCertificate', secretRef, header: { name: 'x-api-key' } }),
    `${credential}.header`,
    'header is only for type Header',
  ],
  'no query parameter': [withCredential({ type: 'Query', secretRef }), `${credential}.query`, 'query is required'],
  'a query parameter of another type': [
    withCredential({ type: 'Header', secretRef, query: { parameter: 'key' } }),
    `${credential}.query`,
    'query is required',
  ],
  'no token endpoint': [
    withCredential({ type: 'OAuth2ClientCredentials', secretRef }),
    `${credential}.oauth2`,
    'oauth2 is required',
  ],
  'a service account of another type': [
    withCredential({ type: 'Header', secretRef, serviceAccount }),
    `${credential}.serviceAccount`,
    'serviceAccount is required',
  ],
  'no region': [withCredential({ type: 'AWSSigV4' }), `${credential}.aws`, 'aws is required'],
  'no provider': [
    withCredential({ type: 'GoogleWorkloadIdentity', serviceAccount }),
    `${credential}.google`,
    'google is required',
  ],
  'no tenant': [
    withCredential({ type: 'AzureWorkloadIdentity', serviceAccount }),
    `${credential}.azure`,
    'azure is required',
  ],
  ...forEach(['Authorization', 'x api key', 'x:y', 'ä'], (name) => ({
    'a header that is none': [
      withCredential({ type: 'Header', secretRef, header: { name } }),
      `${credential}.header.name`,
      'must be a header name in lower case',
    ],
  })),
  ...forEach(
    [
      'host',
      'cookie',
      'connection',
      'content-length',
      'transfer-encoding',
      'te',
      'proxy-authorization',
      'x-portcullis-session',
      'x-forwarded-for',
      'sec-fetch-mode',
    ],
    (name) => ({
      'a header that is not free': [
        withCredential({ type: 'Header', secretRef, header: { name } }),
        `${credential}.header.name`,
        'belongs to the connection or to the gateway',
      ],
    }),
  ),
  ...forEach(
    ['http://login.example.com/token', 'https://u@login.example.com/', 'https://login.example.com/?a=1', 'login'],
    (tokenURL) => ({
      'a token endpoint': [
        withCredential({ type: 'OAuth2ClientCredentials', secretRef, oauth2: { tokenURL: tokenURL.padEnd(9, ' ') } }),
        `${credential}.oauth2.tokenURL`,
        'must look like https://host[:port]/path',
      ],
    }),
  ),
  ...forEach(['169.254.169.254', 'metadata.google.internal', '[fe80::1]', 'kubernetes.default.svc'], (host) => ({
    'a forbidden token endpoint': [
      withCredential({ type: 'OAuth2ClientCredentials', secretRef, oauth2: { tokenURL: `https://${host}/token` } }),
      `${credential}.oauth2.tokenURL`,
      forbidden,
    ],
  })),
  ...forEach(['HTTP', 'GRPC', 'TCP'], (protocol) => ({
    'content that is not explained': [make({ protocol }), 'spec.content', 'protocols HTTP, GRPC and TCP need content'],
  })),
  'content that is known': [
    make({ content: { mode: 'Opaque' } }),
    'spec.content',
    'protocols HTTP, GRPC and TCP need content',
  ],
  'fields of opaque content': [
    withContent({ mode: 'Opaque', fields: [{ name: 'a', phase: 'Request', kind: 'Text', body: 'Whole' }] }),
    'spec.content',
    'mode: Opaque inspects nothing',
  ],
  'nothing declared': [withContent({ mode: 'Declared' }), 'spec.content', 'mode: Declared needs fields'],
  'a descriptor set for HTTP': [
    withContent({ mode: 'Declared', descriptorSetRef: { name: 'a' } }),
    'spec.content.descriptorSetRef',
    'is only for protocol GRPC',
  ],
  'a place without place': [withField({}), 'spec.content.fields[0]', 'set exactly one of pointer'],
  'a place with two': [
    withField({ pointer: '/a', body: 'Whole' }),
    'spec.content.fields[0]',
    'set exactly one of pointer',
  ],
})
