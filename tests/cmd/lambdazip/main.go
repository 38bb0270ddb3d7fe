// Command lambdazip packs a Lambda bootstrap into a zip whose bytes depend on the
// bootstrap's bytes and this program's Go version only, so that an unchanged function
// is an unchanged archive and is not deployed again.
//
//	lambdazip [-store] -o build/mcp.zip build/mcp/bootstrap
//
// With -store it is not compressed, which takes seconds: for an archive that stays on this machine.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

func main() {
	out := flag.String("o", "", "the archive to write")
	store := flag.Bool("store", false, "do not compress")
	flag.Parse()
	if *out == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: lambdazip [-store] -o archive.zip bootstrap")
		os.Exit(2)
	}
	method := zip.Deflate
	if *store {
		method = zip.Store
	}
	if err := run(*out, flag.Arg(0), method); err != nil {
		fmt.Fprintln(os.Stderr, "lambdazip:", err)
		os.Exit(1)
	}
}

// run packs the file in into the archive out, which is replaced whole or not at all.
func run(out, in string, method uint16) error {
	bootstrap, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := pack(&archive, bootstrap, method); err != nil {
		return fmt.Errorf("pack %s: %w", in, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(out), ".lambdazip-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it has its name
	if err := tmp.Chmod(0o644); err != nil {
		return err
	}
	if _, err := tmp.Write(archive.Bytes()); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), out)
}

// pack writes an archive of one file named bootstrap, which is what provided.al2023 runs
// (https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html): executable, and of
// 1980, the earliest time that a zip can name.
func pack(w io.Writer, bootstrap []byte, method uint16) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	h := &zip.FileHeader{Name: "bootstrap", Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o755)
	f, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	if _, err := f.Write(bootstrap); err != nil {
		return err
	}
	return z.Close()
}
