import { expect, it } from 'vitest'
import { Engine } from '../engine.ts'
import { kubernetesLibraries } from '../kubernetes/libraries.ts'

const engine = new Engine({ libraries: kubernetesLibraries })
const environment = engine.declare({ variables: {} })

function run(source: string): unknown {
  const compiled = engine.compile(source, environment)
  if ('problems' in compiled) return compiled.problems[0]?.message
  const outcome = compiled.program.run({})
  return 'failure' in outcome ? outcome.failure : outcome.value
}

// What the tests of the specification do not cover; the rest is held by `npm run conformance:cel`.
it.each([
  // lists
  ['[1, 2, 2].isSorted() && !["b", "a"].isSorted()', true],
  ['[1, 2].sum() == 3 && [1u, 2u].sum() == 3u && [1.5, 2.5].sum() == 4.0', true],
  ['[duration("1s"), duration("2m")].sum() == duration("121s")', true],
  ['dyn([1.5, 2.5]).sum() == 4.0 && dyn([1, 2]).sum() == 3 && dyn([duration("1s")]).sum() == duration("1s")', true],
  ['[dyn("a")].sum()', 'no_such_overload'],
  ['[dyn(1), dyn(1.5)].sum()', 2.5],
  ['optional.unwrap([dyn(1)])', 'no_such_overload'],
  ['dyn([1.0, 2.5]).sum()', 3.5],
  ['[9223372036854775807, 1].sum()', 'overflow'],
  ['[3, 1, 2].min() == 1 && ["a", "c"].max() == "c"', true],
  ['[].min()', 'invalid_argument'],
  ['[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(5) == -1', true],
  ['[1, 2, 3].slice(1, 3) == [2, 3]', true],
  ['[1, 2, 3].slice(2, 5)', 'index_out_of_range'],
  ['[1, [2, [3]]].flatten() == [1, 2, [3]] && [1, [2, [3]]].flatten(2) == [1, 2, 3]', true],
  ['[1].flatten(-1)', 'invalid_argument'],
  ['[1, 1.0, 2].distinct() == [1, 2]', true],
  ['[2, 1].sort() == [1, 2] && [1, 2].reverse() == [2, 1] && lists.range(3) == [0, 1, 2]', true],
  ['lists.range(-1) == []', true],
  // regular expressions
  ['"abc 123".find("[0-9]+") == "123" && "abc".find("[0-9]") == ""', true],
  ['"1 2 3".findAll("[0-9]") == ["1", "2", "3"] && "1 2 3".findAll("[0-9]", 2) == ["1", "2"]', true],
  ['"1 2 3".findAll("[0-9]", -1).size() == 3 && "1 2".findAll("[0-9]", 0) == []', true],
  ['matches("abc", "^[[:alpha:]]+$") && "SSN".matches("(?i)\\\\bssn\\\\b")', true],
  ['"a\\nb".matches("^a.b$") || !"a\\nb".matches("(?s)^a.b$")', false],
  ['"😀".matches("^.$")', true],
  // sets, encoders
  ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2])', true],
  ['sets.contains([1], [2]) || sets.equivalent([1], [2]) || sets.intersects([1], [])', false],
  ['base64.decode("!!")', 'conversion'],
  // strings and format
  ['"äöü".lowerAscii() == "äöü" && "ÄB".lowerAscii() == "Äb"', true],
  ['strings.quote("a\\"b\\n") == "\\"a\\\\\\"b\\\\n\\""', true],
  ['"%.1f %.0f %e".format([2.25, 0.5, 12345.678])', '2.2 0 1.234568e+04'],
  ['"%s %s".format(["a"])', 'invalid_argument'],
  ['"%z".format([1])', 'format: unknown verb %z; there are %s %d %f %e %b %o %x %X'],
  ['("%" + "z").format([1])', 'invalid_argument'],
  ['"%.999f".format([1.0])', 'invalid_argument'],
  ['string(1e6) == "1e+06" && string(0.00001) == "1e-05" && string(-0.0) == "-0"', true],
  // optionals
  ['optional.unwrap([optional.of(1), optional.none()]) == [1]', true],
  ['[optional.of(1), optional.none()].unwrapOpt() == [1]', true],
  ['optional.ofNonZeroValue(0.0).hasValue() || optional.ofNonZeroValue(duration("0s")).hasValue()', false],
  ['optional.ofNonZeroValue(b"").hasValue() || optional.ofNonZeroValue(0u).hasValue()', false],
  // addresses
  ['ip("10.1.2.3").family() == 4 && ip("::1").family() == 6', true],
  ['ip("010.1.2.3")', 'IP address: not valid'],
  ['isIP("1.2.3") || isIP("1.2.3.256") || isIP("::1::") || isIP("::ffff:1.2.3.4") || isIP("fe80::1%eth0")', false],
  ['ip.isCanonical("2001:db8::1") && !ip.isCanonical("2001:DB8::1") && !ip.isCanonical("2001:db8:0:0:0:0:0:1")', true],
  ['string(ip("2001:0db8:0:0:1:0:0:1"))', '2001:db8::1:0:0:1'],
  ['string(ip("1:2:3:4:5:6:7:8"))', '1:2:3:4:5:6:7:8'],
  ['ip("127.0.0.1").isLoopback() && ip("::1").isLoopback() && ip("0.0.0.0").isUnspecified()', true],
  ['ip("169.254.1.1").isLinkLocalUnicast() && ip("fe80::1").isLinkLocalUnicast()', true],
  ['ip("224.0.0.1").isLinkLocalMulticast() && ip("ff02::1").isLinkLocalMulticast()', true],
  [
    'ip("8.8.8.8").isGlobalUnicast() && !ip("255.255.255.255").isGlobalUnicast() && !ip("ff02::1").isGlobalUnicast()',
    true,
  ],
  ['cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsIP(ip("11.0.0.1"))', true],
  ['cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !cidr("10.1.0.0/16").containsCIDR(cidr("10.0.0.0/8"))', true],
  ['cidr("10.0.0.0/8").containsIP("::1")', false],
  ['string(cidr("10.1.2.3/8").masked()) == "10.0.0.0/8" && cidr("10.1.2.3/8").prefixLength() == 8', true],
  ['cidr("10.1.2.3/8").ip() == ip("10.1.2.3") && cidr("::/0") == cidr("::/0")', true],
  ['isCIDR("10.0.0.0/33") || isCIDR("10.0.0.0") || isCIDR("10.0.0.0/08")', false],
  // quantities
  ['quantity("1Gi").isGreaterThan(quantity("1G")) && quantity("250m").isLessThan(quantity("0.3"))', true],
  [
    'quantity("1.5Ki").asInteger() == 1536 && !quantity("0.5").isInteger() && quantity("2e3").asInteger() == 2000',
    true,
  ],
  ['quantity("0.5").asInteger()', 'conversion'],
  ['quantity("-500m").sign() == -1 && quantity("500m").asApproximateFloat() == 0.5', true],
  [
    'quantity("1").add(quantity("500m")).compareTo(quantity("1.5")) == 0 && quantity("2").sub(1) == quantity("1")',
    true,
  ],
  ['quantity("1k").add(20).asInteger() == 1020 && quantity("1").sub(quantity("2")).sign() == -1', true],
  ['quantity("1 Gi")', 'quantity: not valid'],
  ['isQuantity("1e3e") || isQuantity("") || isQuantity("Gi")', false],
  // versions
  [
    'semver("1.2.3").isGreaterThan(semver("1.2.3-rc.1")) && semver("1.2.3-rc.2").isLessThan(semver("1.2.3-rc.10"))',
    true,
  ],
  ['semver("v1.2", true).patch() == 0 && semver("v01.2", true).major() == 1 && semver("1.2.3").minor() == 2', true],
  ['semver("1.2.3+a") == semver("1.2.3+b") && semver("1.0.0-1").compareTo(semver("1.0.0-a")) == -1', true],
  ['semver("1.0.0-a").compareTo(semver("1.0.0-a.1")) == -1 && semver("2.0.0").compareTo(semver("1.9.9")) == 1', true],
  ['isSemver("1.2") || isSemver("01.2.3") || isSemver("1.2.3-01")', false],
  ['semver("1.2")', 'conversion'],
  // URLs
  ['url("https://a.example:8443/p%20q?x=1&x=2&y").getHost()', 'a.example:8443'],
  ['url("https://u@[::1]:80/").getHostname() == "::1" && url("https://[::1]:80/").getPort() == "80"', true],
  ['url("https://a/p%20q").getEscapedPath() == "/p%20q" && url("HTTPS://a/").getScheme() == "https"', true],
  ['url("https://a/?x=1&x=2&y=a+b").getQuery() == {"x": ["1", "2"], "y": ["a b"]}', true],
  ['isURL("/only/a/path") && !isURL("relative") && !isURL("https://a b/") && !isURL("https://a/%zz")', true],
  ['url("nonsense")', 'conversion'],
  // formats
  ['format.dns1123Label().validate("my-name").hasValue()', false],
  ['format.dns1123Label().validate("My_Name").value() == ["not a valid dns1123Label"]', true],
  ['format.named("uuid").value().validate("6f1f2c9e-5c0b-4a83-9c55-000000000000") == optional.none()', true],
  ['format.named("nothing").hasValue()', false],
  [
    'format.date().validate("2026-02-30").hasValue() && !format.datetime().validate("2026-02-28T00:00:00Z").hasValue()',
    true,
  ],
  [
    'format.qualifiedName().validate("a.example/Name").hasValue() || format.labelValue().validate("").hasValue()',
    false,
  ],
  ['format.uri().validate("https://a/").hasValue() || format.byte().validate("aGk=").hasValue()', false],
  [
    'format.dns1123SubdomainPrefix().validate("a.b-").hasValue() || format.dns1035Label().validate("a1").hasValue()',
    false,
  ],
  [
    'format.dns1123LabelPrefix().validate("a-").hasValue() || format.dns1035LabelPrefix().validate("a-").hasValue()',
    false,
  ],
  ['format.dns1123Subdomain().validate("a.b.c").hasValue()', false],
  // time
  [
    'timestamp("2024-02-29T12:00:00.5Z").getDayOfYear() == 59 && timestamp("2026-01-01T00:30:00+01:00").getFullYear() == 2025',
    true,
  ],
  [
    'timestamp("2026-03-29T00:59:59Z").getHours("Europe/Berlin") == 1 && timestamp("2026-03-29T01:00:00Z").getHours("Europe/Berlin") == 3',
    true,
  ],
  ['timestamp(0).getHours("Nowhere/Land")', 'invalid_argument'],
  ['duration("-1.5s").getSeconds() == -1 && duration("-1.5s").getMilliseconds() == -500', true],
  ['duration("0s") - duration("1.5s") == duration("-1.5s") && string(duration("-1.5s")) == "-1.5s"', true],
  ['int(duration("90s")) == 90', true],
])('%s', (source, expected) => {
  expect(run(source)).toEqual(expected)
})
