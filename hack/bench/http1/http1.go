// Package http1 reads HTTP/1.1 messages from a connection with two system calls and no allocation per message. The load
// generator and the mock model share one core and must together stay cheaper than the leanest proxy on the other one;
// net/http costs several times too much for that. It accepts what proxies write and refuses the rest; it is no server.
package http1

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

var (
	errTooLong  = errors.New("http1: a line or head is longer than the buffer")
	errNoLength = errors.New("http1: a message has neither content-length nor chunked encoding")
	errChunk    = errors.New("http1: a chunk has no valid size")
	errHead     = errors.New("http1: a head has a malformed line or length")
)

const bufferBytes = 64 * 1024

// Reader holds what was received from one connection and not yet consumed.
type Reader struct {
	source     io.Reader
	buffer     []byte
	start, end int
}

// Head is the status of a response and what of the headers decides where the body ends.
type Head struct {
	Status  int // 0 in a request
	Length  int // -1 when absent
	Chunked bool
	Close   bool
}

// NewReader reads from source.
func NewReader(source io.Reader) *Reader {
	return &Reader{source: source, buffer: make([]byte, bufferBytes)}
}

// ReadHead reads up to and including the empty line after the headers.
func (r *Reader) ReadHead() (Head, error) {
	length, searched := -1, 0
	for {
		at := bytes.Index(r.buffer[r.start+searched:r.end], []byte("\r\n\r\n"))
		if at >= 0 {
			length = searched + at
			break
		}
		searched = max(0, r.end-r.start-3)
		if err := r.fill(); err != nil {
			return Head{}, err
		}
	}
	head, err := parseHead(r.buffer[r.start : r.start+length])
	r.start += length + 4
	return head, err
}

func parseHead(block []byte) (Head, error) {
	line, rest, _ := bytes.Cut(block, []byte("\r\n"))
	head := Head{Status: parseStatus(line), Length: -1}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			return Head{}, errHead
		}
		if err := head.note(name, bytes.TrimSpace(value)); err != nil {
			return Head{}, err
		}
	}
	return head, nil
}

func parseStatus(line []byte) int {
	const prefix = "HTTP/1.1 "
	if len(line) < len(prefix)+3 || string(line[:len(prefix)]) != prefix {
		return 0
	}
	status, err := strconv.Atoi(string(line[len(prefix) : len(prefix)+3]))
	if err != nil {
		return 0
	}
	return status
}

func (h *Head) note(name, value []byte) error {
	switch len(name) {
	case len("content-length"):
		if bytes.EqualFold(name, []byte("content-length")) {
			length, err := strconv.Atoi(string(value))
			if err != nil || length < 0 {
				return errHead
			}
			h.Length = length
		}
	case len("transfer-encoding"):
		if bytes.EqualFold(name, []byte("transfer-encoding")) {
			h.Chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	case len("connection"):
		if bytes.EqualFold(name, []byte("connection")) {
			h.Close = bytes.EqualFold(value, []byte("close"))
		}
	}
	return nil
}

// ReadBody hands the body of the message to visit, piece by piece as it arrives; a piece is valid during the call only.
func (r *Reader) ReadBody(head Head, visit func([]byte)) error {
	if head.Chunked {
		return r.readChunks(visit)
	}
	if head.Length < 0 {
		return errNoLength
	}
	return r.readLength(head.Length, visit)
}

func (r *Reader) readLength(length int, visit func([]byte)) error {
	for length > 0 {
		if r.start == r.end {
			if err := r.fill(); err != nil {
				return err
			}
		}
		size := min(length, r.end-r.start)
		visit(r.buffer[r.start : r.start+size])
		r.start += size
		length -= size
	}
	return nil
}

func (r *Reader) readChunks(visit func([]byte)) error {
	for {
		line, err := r.readLine()
		if err != nil {
			return err
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
		if err != nil {
			return errChunk
		}
		if size == 0 {
			return r.skipTrailers()
		}
		if err := r.readLength(int(size), visit); err != nil {
			return err
		}
		if line, err = r.readLine(); err != nil {
			return err
		}
		if len(line) != 0 {
			return errChunk
		}
	}
}

func (r *Reader) skipTrailers() error {
	for {
		line, err := r.readLine()
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

func (r *Reader) readLine() ([]byte, error) {
	for {
		if at := bytes.IndexByte(r.buffer[r.start:r.end], '\n'); at >= 0 {
			line := r.buffer[r.start : r.start+at]
			r.start += at + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

func (r *Reader) fill() error {
	if r.start == r.end {
		r.start, r.end = 0, 0
	} else if r.end == len(r.buffer) {
		if r.start == 0 {
			return errTooLong
		}
		r.end = copy(r.buffer, r.buffer[r.start:r.end])
		r.start = 0
	}
	n, err := r.source.Read(r.buffer[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}
