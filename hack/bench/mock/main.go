// Command mock is a model server that costs next to nothing: it answers OpenAI chat completions on loopback so that the
// proxy in front of it is what the bench measures. The body's model says what to answer, because a body is the one thing
// that every proxy passes on: "bench-json" is one completion, "bench-200x5ms" a stream of 200 tokens, 5 ms apart, and
// "bench-prose-200x5ms" one whose tokens are those of prose. "bench-mail-…" is prose with an e-mail address in it.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"regexp"
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
	// What assistants write, in tokens of 3.7 characters on average; the masks find nothing in it.
	prose = "Sure: the lattice was raised by two men at a windlass, and lowered by cutting a rope. In 1998 the city had about " +
		"42,000 inhabitants; by 2021 it had grown to more than 67,500.\n- Preheat the oven to 180 °C.\n- Whisk 3 eggs with 150 g of " +
		"sugar. `return total > 0` is true when the list is not empty, at 14:30 as well as after the next restart. "
	// Made up, and cut by the tokens. Nobody's address: the domain is reserved for examples.
	mail = "Write to jane.doe@mail.example.org about it. "
)

var (
	jsonReply   = reply("200 OK", completion())
	streamHead  = []byte("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n")
	streamToken = chunk(`data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{"content":" portcullis"},"finish_reason":null}]}` + "\n\n")
	streamRole  = toEvent(`{"role":"assistant","content":""}`, "null")
	streamStop  = toEvent(`{}`, `"stop"`)
	streamEnd   = append(chunk("data: [DONE]\n\n"), "0\r\n\r\n"...)
	proseTokens = toTokens(prose)
	mailTokens  = toTokens(mail)
	unknown     = reply("400 Bad Request", `{"error":{"message":"the mock answers the models bench-json, bench-<tokens>x<pace>ms, bench-prose-… and bench-mail-…","type":"invalid_request_error","code":"model_not_found"}}`)
	unmasked    = reply("400 Bad Request", `{"error":{"message":"the request still has an e-mail address","type":"invalid_request_error","code":"unmasked"}}`)
)

// plan is what one request asks for; no tokens means one JSON completion.
type plan struct {
	tokens int
	pace   time.Duration
	// The events of the tokens, again and again; nil means one token that is always the same.
	text [][]byte
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
	switch {
	case wanted.tokens == 0:
		_, err := conn.Write(jsonReply)
		return err
	case wanted.text == nil:
		return stream(conn, wanted)
	case &wanted.text[0] == &mailTokens[0] && bytes.IndexByte(body, '@') >= 0:
		_, err := conn.Write(unmasked)
		return err
	}
	return tell(conn, wanted)
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

// tell streams a text as model servers do: the role with the head, the tokens, the reason to finish. With a pace each token
// says when it leaves, in microseconds, in the place of `created`: the generator counts from there.
func tell(conn net.Conn, wanted plan) error {
	first := append(append(make([]byte, 0, 1024), streamHead...), streamRole...)
	if _, err := conn.Write(first); err != nil {
		return err
	}
	stamped := make([]byte, 0, 512)
	for i := range wanted.tokens {
		event := wanted.text[i%len(wanted.text)]
		if wanted.pace > 0 {
			time.Sleep(wanted.pace)
			stamped = stamp(append(stamped[:0], event...))
			event = stamped
		} else {
			runtime.Gosched() // as in stream
		}
		if _, err := conn.Write(event); err != nil {
			return err
		}
	}
	_, err := conn.Write(append(append(make([]byte, 0, 512), streamStop...), streamEnd...))
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
	name, text := parseText(name)
	digits, pace, found := strings.Cut(string(name), "x")
	if !found || !strings.HasSuffix(pace, "ms") {
		return plan{}, false
	}
	tokens, tokensErr := strconv.Atoi(digits)
	paceMs, paceErr := strconv.Atoi(strings.TrimSuffix(pace, "ms"))
	if tokensErr != nil || paceErr != nil || tokens < 1 || tokens > maxTokens || paceMs < 0 {
		return plan{}, false
	}
	return plan{tokens: tokens, pace: time.Duration(paceMs) * time.Millisecond, text: text}, true
}

func parseText(name []byte) ([]byte, [][]byte) {
	if rest, found := bytes.CutPrefix(name, []byte("prose-")); found {
		return rest, proseTokens
	}
	if rest, found := bytes.CutPrefix(name, []byte("mail-")); found {
		return rest, mailTokens
	}
	return name, nil
}

var oneToken = regexp.MustCompile(`\s?(?:[A-Za-z]{1,5}|[0-9]{1,3}|[^A-Za-z0-9])`)

// toTokens is the text as events, one for each token.
func toTokens(text string) [][]byte {
	var events [][]byte
	for _, token := range oneToken.FindAllString(text, -1) {
		events = append(events, toEvent(`{"content":`+strconv.Quote(token)+`}`, "null"))
	}
	return events
}

// noTime has as many digits as the time in microseconds, so that a token that says when it left is as long as before.
const noTime = "1700000000000000"

func toEvent(delta, finishReason string) []byte {
	return chunk(`data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":` + noTime +
		`,"model":"bench","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finishReason + "}]}\n\n")
}

func stamp(event []byte) []byte {
	at := bytes.Index(event, []byte(noTime))
	strconv.AppendInt(event[at:at], time.Now().UnixMicro(), 10)
	return event
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
