package http1

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func read(t *testing.T, source io.Reader) (bodies []string, heads []Head, err error) {
	t.Helper()
	reader := NewReader(source)
	for {
		head, err := reader.ReadHead()
		if err != nil {
			return bodies, heads, err
		}
		var body strings.Builder
		if err := reader.ReadBody(head, func(piece []byte) { body.Write(piece) }); err != nil {
			return bodies, heads, err
		}
		bodies, heads = append(bodies, body.String()), append(heads, head)
	}
}

func TestMessagesAreReadHoweverTheyArrive(t *testing.T) {
	const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" +
		"HTTP/1.1 503 No\r\ntransfer-encoding: Chunked\r\nConnection: close\r\n\r\n3;x=1\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\n" +
		"HTTP/1.1 204 Empty\r\ncontent-length: 0\r\n\r\n"
	for name, source := range map[string]io.Reader{
		"at once":      strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"in halves":    iotest.HalfReader(strings.NewReader(text)),
	} {
		bodies, heads, err := read(t, source)
		if err != io.EOF {
			t.Fatalf("%s: ended with %v", name, err)
		}
		if strings.Join(bodies, "|") != "hello|abcde|" {
			t.Errorf("%s: bodies %q", name, bodies)
		}
		if heads[1].Close != true || heads[1].Chunked != true || heads[0].Length != 5 || heads[1].Status != 503 {
			t.Errorf("%s: heads %+v", name, heads)
		}
	}
}

func TestStatusIsReadFromTheStartLine(t *testing.T) {
	for line, want := range map[string]int{"HTTP/1.1 429 Too Many": 429, "HTTP/1.1 abc": 0, "POST /v1/chat HTTP/1.1": 0, "no": 0} {
		if got := parseStatus([]byte(line)); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}

func TestBrokenMessagesAreErrors(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\n\r\nuntil the connection closes",
		"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
		"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\nlong: " + strings.Repeat("x", bufferBytes),
	} {
		bodies, _, err := read(t, strings.NewReader(text))
		if err == nil || len(bodies) != 0 {
			t.Errorf("%.60q was read as %q", text, bodies)
		}
	}
}
