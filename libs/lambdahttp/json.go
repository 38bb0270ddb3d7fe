package lambdahttp

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner walks over JSON in place and once: an event names every header twice, and most
// of the rest is for nobody. jsontext refuses duplicate names and invalid UTF-8.
type scanner struct {
	dec jsontext.Decoder
	buf bytes.Buffer
	src []byte
}

var scanners sync.Pool

// scan lets visit read the one value that src has to be; an absent src has none.
func scan(src []byte, visit func(s *scanner) error) error {
	if src == nil {
		return nil
	}
	s, ok := scanners.Get().(*scanner)
	if !ok {
		s = new(scanner)
	}
	defer s.release()
	s.src, s.buf = src, *bytes.NewBuffer(src)
	s.dec.Reset(&s.buf)
	if err := visit(s); err != nil {
		return err
	}
	if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errMalformed
	}
	return nil
}

// release forgets the event, which holds a caller's token, before the scanner waits in
// the pool.
func (s *scanner) release() {
	s.src, s.buf = nil, bytes.Buffer{}
	s.dec.Reset(&s.buf)
	scanners.Put(s)
}

// walk calls fn for every member of the object, or every element of the array (name is
// nil then), that comes next; null has none. The name is as it stands in the source, in
// quotes. fn has to read the value.
func (s *scanner) walk(fn func(name []byte) error) error {
	var end jsontext.Kind
	switch s.dec.PeekKind() {
	case 'n':
		_, err := s.value()
		return err
	case '{':
		end = '}'
	case '[':
		end = ']'
	default:
		return errMalformed
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return errMalformed
	}
	for s.dec.PeekKind() != end {
		var name []byte
		if end == '}' {
			if err := s.keep(&name); err != nil {
				return err
			}
		}
		if err := fn(name); err != nil {
			return err
		}
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return errMalformed
	}
	return nil
}

// value returns the next value, whatever it is, as a part of the source. The decoder's
// own slice would only be good until its next read.
func (s *scanner) value() ([]byte, error) {
	v, err := s.dec.ReadValue()
	if err != nil {
		return nil, errMalformed
	}
	end := int(s.dec.InputOffset())
	return s.src[end-len(v) : end], nil
}

// keep sets dst to the next value.
func (s *scanner) keep(dst *[]byte) (err error) {
	*dst, err = s.value()
	return err
}

// text sets dst to the next value, a string.
func (s *scanner) text(dst *string) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	b, err := unquote(raw)
	*dst = string(b)
	return err
}

// texts calls fn for every string in the object of strings, or of arrays of strings,
// that comes next, and returns how many there were.
func (s *scanner) texts(fn func(name, value string)) (n int, err error) {
	var name string
	one := func([]byte) error {
		var value string
		err := s.text(&value)
		fn(name, value)
		n++
		return err
	}
	err = s.walk(func(raw []byte) error {
		b, err := unquote(raw)
		if err != nil {
			return err
		}
		if name = string(b); s.dec.PeekKind() == '[' {
			return s.walk(one)
		}
		return one(nil)
	})
	return n, err
}

// scanTexts is texts over the whole of src.
func scanTexts(src []byte, fn func(name, value string)) (n int, err error) {
	err = scan(src, func(s *scanner) (err error) {
		n, err = s.texts(fn)
		return err
	})
	return n, err
}

// unquote returns the bytes of a JSON string, possibly as a part of raw; null and an
// absent string have none.
func unquote(raw []byte) ([]byte, error) {
	switch {
	case raw == nil || string(raw) == "null":
		return nil, nil
	case raw[0] != '"':
		return nil, errMalformed
	case bytes.IndexByte(raw, '\\') < 0:
		return raw[1 : len(raw)-1], nil
	}
	b, err := jsontext.AppendUnquote(make([]byte, 0, len(raw)), raw)
	if err != nil {
		return nil, errMalformed
	}
	return b, nil
}
