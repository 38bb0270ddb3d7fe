package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leasehold.example/libs/privatefile"
)

// File is a Source for a server that runs without a cloud: a JSON file of mode 0600.
type File struct {
	path string
}

// fileDocument is the content of a File. It has no pending key: one process rotates, and
// those that share the file find its new key when a value names it.
type fileDocument struct {
	Current  keyDocument  `json:"current"`
	Previous *keyDocument `json:"previous,omitzero"`
}

// OpenFile returns the keys in the file at path, which is created with a new one when it
// is absent. It fails when others than the owner can read it.
func OpenFile(path string) (*File, error) {
	f := &File{path: path}
	_, err := privatefile.ReadOrCreate(path, func() ([]byte, error) {
		return fileDocument{Current: randomKey().document()}.encode()
	})
	if err != nil {
		return nil, err
	}
	if _, err := f.Fetch(context.Background()); err != nil {
		return nil, err
	}
	return f, nil
}

// Fetch reads the file.
func (f *File) Fetch(context.Context) (Keys, error) {
	data, err := privatefile.Read(f.path)
	if err != nil {
		return Keys{}, err
	}
	var d fileDocument
	if err := json.Unmarshal(data, &d, json.RejectUnknownMembers(true)); err != nil {
		return Keys{}, fmt.Errorf("seal: %s is not a key file", f.path) // err could quote a key
	}
	current, err := d.Current.decode()
	if err != nil {
		return Keys{}, err
	}
	keys := Keys{Current: current}
	if d.Previous != nil {
		previous, err := d.Previous.decode()
		if err != nil {
			return Keys{}, err
		}
		keys.Previous = &previous
	}
	return keys, nil
}

// Rotate makes a new key the current one and the current one the previous. Values of the
// key that was previous do not open any more. Two rotations at once lose one of the two.
func (f *File) Rotate() error {
	keys, err := f.Fetch(context.Background())
	if err != nil {
		return err
	}
	previous := keys.Current.document()
	data, err := fileDocument{Current: randomKey().document(), Previous: &previous}.encode()
	if err != nil {
		return err
	}
	return privatefile.Replace(f.path, data)
}

func (d fileDocument) encode() ([]byte, error) {
	data, err := json.Marshal(d, jsontext.Multiline(true))
	if err != nil {
		return nil, errors.New("seal: key file cannot be encoded")
	}
	return append(data, '\n'), nil
}

// randomKey returns a key with an id that is random as well: ids only tell keys apart.
func randomKey() Key {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	k := Key{id: encode(id[:])}
	_, _ = rand.Read(k.root[:])
	return k
}
