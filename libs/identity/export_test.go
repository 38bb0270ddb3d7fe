package identity

import (
	"crypto/sha256"
	"time"
)

// What the external tests need to see of the inside.
var (
	MetadataURLs = metadataURLs
	Fits         = fits
	ParseKeys    = func(document []byte) (int, error) {
		set, err := parseKeys(document)
		if err != nil {
			return 0, err
		}
		return len(set.keys), nil
	}
)

const (
	CacheFor     = cacheFor
	FetchTimeout = fetchTimeout
	FetchEvery   = fetchEvery
	FetchBurst   = fetchBurst
	MaxDocument  = maxDocument
	MaxRedirects = maxRedirects
)

// Remembered says until when the cache believes token; false when it does not know it.
func (v *Verifier) Remembered(token string) (until time.Time, ok bool) {
	good, ok := v.cache.Peek(sha256.Sum256([]byte(token)))
	return good.until, ok
}

// CacheLen is the number of tokens in the cache.
func (v *Verifier) CacheLen() int { return v.cache.Len() }
