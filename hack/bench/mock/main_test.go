package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTheModelSaysWhatToAnswer(t *testing.T) {
	for name, want := range map[string]plan{
		"bench-json":          {},
		"bench-200x5ms":       {tokens: 200, pace: 5 * time.Millisecond},
		"bench-prose-20x0ms":  {tokens: 20, text: proseTokens},
		"bench-mail-1000x1ms": {tokens: 1000, pace: time.Millisecond, text: mailTokens},
	} {
		got, ok := parsePlan([]byte(`{"model":"` + name + `","stream":true}`))
		if !ok || got.tokens != want.tokens || got.pace != want.pace || len(got.text) != len(want.text) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, name := range []string{"gpt", "bench-", "bench-prose-", "bench-0x0ms", "bench-poem-3x0ms"} {
		if _, ok := parsePlan([]byte(`{"model":"` + name + `"}`)); ok {
			t.Errorf("%s has an answer", name)
		}
	}
}

func TestTokensTogetherAreTheText(t *testing.T) {
	var text strings.Builder
	for _, event := range mailTokens {
		_, rest, _ := bytes.Cut(event, []byte(`"content":"`))
		content, _, _ := bytes.Cut(rest, []byte(`"`))
		text.Write(content)
	}
	if text.String() != mail {
		t.Errorf("got %q", text.String())
	}
}

func TestATokenThatSaysWhenItLeftIsAsLongAsBefore(t *testing.T) {
	before := time.Now().UnixMicro()
	event := proseTokens[0]
	stamped := stamp(bytes.Clone(event))
	if len(stamped) != len(event) || bytes.Equal(stamped, event) || before < 1700000000000000 {
		t.Errorf("got %s", stamped)
	}
}
