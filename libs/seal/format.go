package seal

import (
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// payload is what the ciphertext holds: the digest of the binding (32 bytes), the expiry
// (Unix seconds, 8 bytes), the nonce (16 bytes), and the caller's state.
type payload struct {
	binding [sha256.Size]byte
	expires time.Time
	once    [onceSize]byte
	state   []byte
}

func (p payload) encode() []byte {
	out := make([]byte, 0, headSize+len(p.state))
	out = append(out, p.binding[:]...)
	out = binary.BigEndian.AppendUint64(out, uint64(p.expires.Unix())) //nolint:gosec // read back by the same cast
	out = append(out, p.once[:]...)
	return append(out, p.state...)
}

func decodePayload(b []byte) (payload, error) {
	if len(b) < headSize {
		return payload{}, invalid("payload is too short")
	}
	var p payload
	n := copy(p.binding[:], b)
	p.expires = time.Unix(int64(binary.BigEndian.Uint64(b[n:])), 0) //nolint:gosec // written by the same cast
	copy(p.once[:], b[headSize-onceSize:])
	p.state = b[headSize:]
	return p, nil
}

// split takes a value apart without looking at what the parts mean.
func split(sealed string) (kid string, nonce, ct []byte, err error) {
	if len(sealed) > maxSealed {
		return "", nil, nil, invalid("too long")
	}
	parts := strings.Split(sealed, ".")
	if len(parts) != 4 || parts[0] != version {
		return "", nil, nil, invalid("not of the form v1.kid.nonce.ct")
	}
	if !kidPattern.MatchString(parts[1]) {
		return "", nil, nil, invalid("malformed key id")
	}
	nonce, ok := decode(parts[2])
	if !ok || len(nonce) != chacha20poly1305.NonceSizeX {
		return "", nil, nil, invalid("malformed nonce")
	}
	if ct, ok = decode(parts[3]); !ok {
		return "", nil, nil, invalid("malformed ciphertext")
	}
	return parts[1], nonce, ct, nil
}

func (s *Sealer) cipher(k Key, tenant string) (cipher.AEAD, error) {
	key, err := k.derive(s.purpose, tenant)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead, nil
}
