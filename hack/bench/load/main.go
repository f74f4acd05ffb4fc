// Command load drives one target: N keep-alive HTTP/1.1 connections, each with one call in flight at a time, for a
// duration. It prints one line of JSON. Streams are counted by server-sent events, so that a proxy may cut them as it likes.
// With -stamped the time to the first text is counted from when the mock sent the token that let it go.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"portcullis.dev/bench/http1"
)

const (
	graceAfterEnd  = 10 * time.Second
	pauseAfterFail = 20 * time.Millisecond
)

type options struct {
	address     string
	connections int
	duration    time.Duration
	events      int
	extra       int
	stamped     bool
	request     []byte
}

// headers collects a flag that may be repeated.
type headers []string

func (h *headers) String() string { return "" }

func (h *headers) Set(line string) error {
	if !strings.Contains(line, ": ") || strings.ContainsAny(line, "\r\n") {
		return fmt.Errorf("want \"name: value\" in one line")
	}
	*h = append(*h, line)
	return nil
}

// tally is what one connection saw; the connections are added up at the end, so nothing is shared while they run.
type tally struct {
	latencies []float64 // µs, of good calls
	firsts    []float64 // µs from the request to the first event, or from a token to the first text
	events    int
	errors    int
	failure   string
}

type result struct {
	Count           int     `json:"count"`
	Errors          int     `json:"errors"`
	ElapsedUs       float64 `json:"elapsedUs"`
	P50Us           float64 `json:"p50Us"`
	P99Us           float64 `json:"p99Us"`
	Rps             float64 `json:"rps"`
	TtftP50Us       float64 `json:"ttftP50Us"`
	Chunks          int     `json:"chunks"`
	ChunksPerSecond float64 `json:"chunksPerSecond"`
	Failure         string  `json:"failure,omitempty"`
}

func main() {
	opts, err := parseOptions()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
	if err := json.NewEncoder(os.Stdout).Encode(run(opts)); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func parseOptions() (options, error) {
	var opts options
	var extra headers
	path := flag.String("path", "/v1/chat/completions", "path of the request")
	body := flag.String("body", "", "file with the body of the request")
	bearer := flag.String("bearer", "", "file with a token to send as `Authorization: Bearer`")
	flag.StringVar(&opts.address, "address", "", "host:port to call")
	flag.IntVar(&opts.connections, "connections", 1, "connections, each with one call in flight")
	flag.DurationVar(&opts.duration, "duration", time.Second, "how long to start new calls")
	flag.IntVar(&opts.events, "events", 0, "server-sent events that every reply must have; 0 means no stream")
	flag.IntVar(&opts.extra, "extra", 0, "events that a reply may have besides; they do not count")
	flag.BoolVar(&opts.stamped, "stamped", false, "tokens say when they left: count the time to the first text from there")
	flag.Var(&extra, "header", "`name: value`, may be repeated")
	flag.Parse()
	if opts.address == "" || *body == "" || opts.connections < 1 {
		return opts, fmt.Errorf("-address, -body and at least one connection are needed")
	}
	content, err := os.ReadFile(*body)
	if err != nil {
		return opts, err
	}
	if *bearer != "" {
		token, err := os.ReadFile(*bearer)
		if err != nil {
			return opts, err
		}
		extra = append(extra, "authorization: Bearer "+strings.TrimSpace(string(token)))
	}
	opts.request = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nhost: %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n", *path, opts.address, len(content))
	for _, line := range extra {
		opts.request = append(opts.request, line+"\r\n"...)
	}
	opts.request = append(append(opts.request, "\r\n"...), content...)
	return opts, nil
}

func run(opts options) result {
	tallies := make([]tally, opts.connections)
	var group sync.WaitGroup
	start := time.Now()
	for i := range tallies {
		group.Add(1)
		go func() {
			defer group.Done()
			tallies[i].drive(opts, start.Add(opts.duration))
		}()
	}
	group.Wait()
	return add(tallies, time.Since(start))
}

func (t *tally) drive(opts options, end time.Time) {
	for time.Now().Before(end) {
		if err := t.converse(opts, end); err != nil {
			t.errors++
			t.failure = err.Error()
			time.Sleep(pauseAfterFail)
		}
	}
}

// converse makes one connection and calls over it until the time is up or a call fails.
func (t *tally) converse(opts options, end time.Time) error {
	conn, err := net.DialTimeout("tcp", opts.address, graceAfterEnd)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(end.Add(graceAfterEnd)); err != nil {
		return err
	}
	reader := http1.NewReader(conn)
	var reply events
	for {
		start := time.Now()
		if !start.Before(end) {
			return nil
		}
		if _, err := conn.Write(opts.request); err != nil {
			return err
		}
		head, err := reader.ReadHead()
		if err != nil {
			return fmt.Errorf("no reply: %w", err)
		}
		reply = events{stamped: opts.stamped, line: reply.line[:0]}
		if err := reader.ReadBody(head, reply.see); err != nil {
			return fmt.Errorf("a reply broke off: %w", err)
		}
		if head.Status != 200 {
			return fmt.Errorf("status %d", head.Status)
		}
		if opts.events > 0 {
			if reply.count < opts.events || reply.count > opts.events+opts.extra {
				return fmt.Errorf("a stream had %d events instead of %d", reply.count, opts.events)
			}
			reply.count = opts.events
		}
		if opts.stamped && reply.sent.IsZero() {
			return fmt.Errorf("a stream had no text with the time at which it left")
		}
		t.note(start, &reply, opts.events > 0)
		if head.Close {
			return nil
		}
	}
}

func (t *tally) note(start time.Time, reply *events, stream bool) {
	t.latencies = append(t.latencies, micros(time.Since(start)))
	if reply.stamped {
		start = reply.sent
	}
	if stream {
		t.firsts = append(t.firsts, micros(reply.first.Sub(start)))
		t.events += reply.count
	}
}

// events counts the empty lines that end server-sent events, over pieces cut anywhere.
type events struct {
	count   int
	first   time.Time
	lineEnd bool // the last byte seen was a line feed

	stamped bool
	sent    time.Time // of the first text
	line    []byte    // until then, what has come of a line
}

func (e *events) see(piece []byte) {
	if len(piece) == 0 {
		return
	}
	if e.stamped && e.sent.IsZero() {
		e.seek(piece)
	}
	if e.lineEnd && piece[0] == '\n' {
		e.count++
	}
	e.count += bytes.Count(piece, []byte("\n\n"))
	e.lineEnd = piece[len(piece)-1] == '\n'
	if !e.stamped && e.count > 0 && e.first.IsZero() {
		e.first = time.Now()
	}
}

// seek looks for the first line with text.
func (e *events) seek(piece []byte) {
	now := time.Now()
	for len(piece) > 0 && e.sent.IsZero() {
		part, rest, whole := bytes.Cut(piece, []byte("\n"))
		e.line = append(e.line, part...)
		piece = rest
		if !whole {
			return
		}
		if sent, found := parseStamp(e.line); found {
			e.first, e.sent = now, sent
		}
		e.line = e.line[:0]
	}
}

// parseStamp reads when the mock sent a token, of an event that has text.
func parseStamp(line []byte) (time.Time, bool) {
	_, text, found := bytes.Cut(line, []byte(`"content":"`))
	if !found || bytes.HasPrefix(text, []byte(`"`)) {
		return time.Time{}, false
	}
	_, rest, found := bytes.Cut(line, []byte(`"created":`))
	digits, _, ends := bytes.Cut(rest, []byte(","))
	sent, err := strconv.ParseInt(string(digits), 10, 64)
	if !found || !ends || err != nil {
		return time.Time{}, false
	}
	return time.UnixMicro(sent), true
}

func add(tallies []tally, elapsed time.Duration) result {
	var sum tally
	for _, t := range tallies {
		sum.latencies = append(sum.latencies, t.latencies...)
		sum.firsts = append(sum.firsts, t.firsts...)
		sum.events += t.events
		sum.errors += t.errors
		if t.failure != "" {
			sum.failure = t.failure
		}
	}
	slices.Sort(sum.latencies)
	slices.Sort(sum.firsts)
	return result{
		Count:           len(sum.latencies),
		Errors:          sum.errors,
		ElapsedUs:       micros(elapsed),
		P50Us:           quantile(sum.latencies, 0.5),
		P99Us:           quantile(sum.latencies, 0.99),
		Rps:             float64(len(sum.latencies)) / elapsed.Seconds(),
		TtftP50Us:       quantile(sum.firsts, 0.5),
		Chunks:          sum.events,
		ChunksPerSecond: float64(sum.events) / elapsed.Seconds(),
		Failure:         sum.failure,
	}
}

// quantile is the smallest value that at least the share q of the sorted values does not exceed; 0 of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func micros(d time.Duration) float64 {
	return float64(d.Nanoseconds()) / 1000
}
