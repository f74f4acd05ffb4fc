package main

import (
	"strings"
	"testing"
)

func TestEventsAreCountedWhereverTheStreamIsCut(t *testing.T) {
	const stream = "data: 1\n\ndata: 2\n\ndata: [DONE]\n\n"
	for cut := 1; cut < len(stream)-1; cut++ {
		for next := cut; next < len(stream); next++ {
			var seen events
			for _, piece := range []string{stream[:cut], stream[cut:next], stream[next:]} {
				seen.see([]byte(piece))
			}
			if seen.count != 3 {
				t.Fatalf("cut at %d and %d: %d events", cut, next, seen.count)
			}
		}
	}
}

func TestTheFirstTextTellsWhenItLeftWhereverTheStreamIsCut(t *testing.T) {
	const stream = `data: {"created":1700000000000000,"delta":{"role":"assistant","content":""}}` + "\n\n" +
		`data: {"created":1700000000000001,"delta":{"content":""}}` + "\n\n" +
		`data: {"created":1700000000000002,"delta":{"content":"text"}}` + "\n\n" +
		`data: {"created":1700000000000003,"delta":{"content":"more"}}` + "\n\n"
	for cut := 1; cut < len(stream); cut++ {
		seen := events{stamped: true}
		seen.see([]byte(stream[:cut]))
		if strings.Contains(stream[:cut], "text\"}}\n") == seen.sent.IsZero() {
			t.Fatalf("cut at %d: the first text is not what was counted from", cut)
		}
		seen.see([]byte(stream[cut:]))
		if seen.count != 4 || seen.sent.UnixMicro() != 1700000000000002 || seen.first.IsZero() {
			t.Fatalf("cut at %d: %d events, the first text left at %d", cut, seen.count, seen.sent.UnixMicro())
		}
	}
}

func TestQuantilesAreObservedValues(t *testing.T) {
	values := []float64{1, 2, 3, 4}
	for q, want := range map[float64]float64{0.5: 2, 0.99: 4, 0: 1} {
		if got := quantile(values, q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("a quantile of nothing is not 0")
	}
}

func TestHeadersAreOneLineEach(t *testing.T) {
	var h headers
	if h.Set("a: b") != nil || len(h) != 1 {
		t.Error("a header was refused")
	}
	for _, line := range []string{"nothing", "a: b\r\nc: d"} {
		if h.Set(line) == nil {
			t.Errorf("%s was accepted", strings.TrimSpace(line))
		}
	}
}
