// Command mock is a model server that costs next to nothing: it answers OpenAI chat completions on loopback so that the
// proxy in front of it is what the bench measures. The body's model says what to answer, because a body is the one thing
// that every proxy passes on: "bench-json" is one completion, "bench-200x5ms" a stream of 200 tokens, 5 ms apart.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"portcullis.dev/bench/http1"
)

const (
	maxBodyBytes = 1 << 20
	maxTokens    = 100_000
	replyText    = "The gate of the castle is closed by a lattice of oak and iron that slides in grooves of stone. "
)

var (
	jsonReply   = reply("200 OK", completion())
	streamHead  = []byte("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n")
	streamToken = chunk(`data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{"content":" portcullis"},"finish_reason":null}]}` + "\n\n")
	streamEnd   = append(chunk("data: [DONE]\n\n"), "0\r\n\r\n"...)
	unknown     = reply("400 Bad Request", `{"error":{"message":"the mock answers the models bench-json and bench-<tokens>x<pace>ms","type":"invalid_request_error","code":"model_not_found"}}`)
)

// plan is what one request asks for; no tokens means one JSON completion.
type plan struct {
	tokens int
	pace   time.Duration
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "mock: cannot listen:", err)
		os.Exit(1)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "mock: cannot accept:", err)
			os.Exit(1)
		}
		go serve(conn)
	}
}

func serve(conn net.Conn) {
	defer conn.Close()
	reader := http1.NewReader(conn)
	body := make([]byte, 0, 16*1024)
	keep := func(piece []byte) {
		if len(body)+len(piece) <= maxBodyBytes {
			body = append(body, piece...)
		}
	}
	for {
		head, err := reader.ReadHead()
		if err != nil {
			return
		}
		body = body[:0]
		if head.Chunked || head.Length >= 0 {
			if reader.ReadBody(head, keep) != nil {
				return
			}
		}
		if answer(conn, body) != nil || head.Close {
			return
		}
	}
}

func answer(conn net.Conn, body []byte) error {
	wanted, ok := parsePlan(body)
	if !ok {
		_, err := conn.Write(unknown)
		return err
	}
	if wanted.tokens == 0 {
		_, err := conn.Write(jsonReply)
		return err
	}
	return stream(conn, wanted)
}

// stream sends the first token with the head, so that the time to it is the proxy's alone, then one write per token.
func stream(conn net.Conn, wanted plan) error {
	first := append(append(make([]byte, 0, 1024), streamHead...), streamToken...)
	if _, err := conn.Write(first); err != nil {
		return err
	}
	for range wanted.tokens - 1 {
		if wanted.pace > 0 {
			time.Sleep(wanted.pace)
		} else {
			runtime.Gosched() // one token of each stream in turn, as a model server that batches sends them
		}
		if _, err := conn.Write(streamToken); err != nil {
			return err
		}
	}
	_, err := conn.Write(streamEnd)
	return err
}

// parsePlan finds the model by its text instead of parsing the body, which would cost more than all the rest.
func parsePlan(body []byte) (plan, bool) {
	_, rest, found := bytes.Cut(body, []byte(`"bench-`))
	if !found {
		return plan{}, false
	}
	name, _, found := bytes.Cut(rest[:min(len(rest), 32)], []byte(`"`))
	if !found {
		return plan{}, false
	}
	if string(name) == "json" {
		return plan{}, true
	}
	digits, pace, found := strings.Cut(string(name), "x")
	if !found || !strings.HasSuffix(pace, "ms") {
		return plan{}, false
	}
	tokens, tokensErr := strconv.Atoi(digits)
	paceMs, paceErr := strconv.Atoi(strings.TrimSuffix(pace, "ms"))
	if tokensErr != nil || paceErr != nil || tokens < 1 || tokens > maxTokens || paceMs < 0 {
		return plan{}, false
	}
	return plan{tokens: tokens, pace: time.Duration(paceMs) * time.Millisecond}, true
}

func completion() string {
	return `{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat(replyText, 13) + `"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":412,"completion_tokens":256,"total_tokens":668}}`
}

func reply(status, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", status, len(body), body)
}

func chunk(data string) []byte {
	return fmt.Appendf(nil, "%x\r\n%s\r\n", len(data), data)
}
