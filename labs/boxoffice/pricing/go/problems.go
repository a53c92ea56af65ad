package main

import "net/http"

// A problemDetail (RFC 9457) is the one shape of every answer that is not a success.
type problemDetail struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// problem answers with a status, and one sentence for whoever reads the answer.
func problem(status int, detail string) answer {
	return answer{status, problemDetail{"about:blank", http.StatusText(status), status, detail}}
}
