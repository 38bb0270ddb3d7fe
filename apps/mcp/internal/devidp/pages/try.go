package pages

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fields of the forms of "try it". Those that are made from a schema begin with a prefix.
const (
	fieldTool      = "tool"
	fieldEra       = "era"
	fieldArguments = "arguments"
	fieldState     = "state"
	fieldQuestions = "questions"
	fieldAction    = "action"

	argumentPrefix = "a."
)

var noTool = Problem{http.StatusNotFound, "There is no such tool", "Your sign-in is shown no tool of this name."}

// tryView is the page of one tool.
type tryView struct {
	Tool   toolInfo
	Fields []field
	Era    string
	Eras   []choice
	// Failed is whether a field has an error.
	Failed bool
	// The rest is empty until the form has been sent.
	Outcome   *outcome
	Question  *question
	Exchanges []exchange
}

var eras = []choice{
	{modern, "every request stands alone"},
	{legacy, "initialize, call and DELETE in a session"},
}

// question is what a call came back with instead of a result, and what it takes to go on.
type question struct {
	Asks []ask
	// Arguments, State and Raw are sent back with the answer: those of the call, which must
	// be the same again, the server's state, and the questions as they came.
	Arguments, State, Raw string
	// Strange means that some of it cannot be asked on a page like this.
	Strange bool
}

// ask is one form of an elicitation.
// https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation
type ask struct {
	key, prefix string
	Message     string
	Fields      []field
}

// toolsOf lists the tools of who. A failure has been answered when ok is false.
func (p *Pages) toolsOf(w http.ResponseWriter, r *http.Request, who visitor) (t *talk, tools []toolInfo, ok bool) {
	t, err := p.caller.begin(who.Principal)
	if err != nil {
		p.log.ErrorContext(r.Context(), "no token for try it", "error", err)
		p.refuse(w, &who, down)
		return nil, nil, false
	}
	tools, a := t.tools(r.Context())
	if tools == nil {
		o := a.outcome()
		p.render(w, http.StatusOK, page{
			Name: "tool", Title: "No tools", Who: &who,
			View: tryView{Tool: toolInfo{Name: "Try it"}, Outcome: &o, Exchanges: t.exchanges},
		})
		return nil, nil, false
	}
	t.exchanges = nil // of no interest when it went well
	return t, tools, true
}

// showTool shows the list of tools, or the form of the one that the query names.
func (p *Pages) showTool(w http.ResponseWriter, r *http.Request, who visitor) {
	_, tools, ok := p.toolsOf(w, r, who)
	if !ok {
		return
	}
	name := r.URL.Query().Get(fieldTool)
	if name == "" {
		p.render(w, http.StatusOK, page{Name: "tools", Title: "Try it", Who: &who, View: tools})
		return
	}
	v, ok := newTryView(tools, name)
	if !ok {
		p.refuse(w, &who, noTool)
		return
	}
	p.renderTry(w, http.StatusOK, who, v)
}

func newTryView(tools []toolInfo, name string) (tryView, bool) {
	for _, t := range tools {
		if t.Name != name {
			continue
		}
		var schema objectSchema
		if err := json.Unmarshal(t.Schema, &schema); err != nil {
			return tryView{}, false // a tool that cannot be called
		}
		return tryView{Tool: t, Fields: newFields(schema, argumentPrefix), Era: modern, Eras: eras}, true
	}
	return tryView{}, false
}

func (p *Pages) renderTry(w http.ResponseWriter, status int, who visitor, v tryView) {
	title := v.Tool.Name
	if v.Outcome != nil {
		title = v.Outcome.Title + " – " + title
	}
	p.render(w, status, page{Name: "tool", Title: title, Who: &who, View: v})
}

// callTool calls a tool, or calls it again with the answer to its question.
func (p *Pages) callTool(w http.ResponseWriter, r *http.Request, who visitor) {
	t, tools, ok := p.toolsOf(w, r, who)
	if !ok {
		return
	}
	v, ok := newTryView(tools, r.PostForm.Get(fieldTool))
	if !ok {
		p.refuse(w, &who, noTool)
		return
	}
	v.Era = r.PostForm.Get(fieldEra)
	if v.Era != modern && v.Era != legacy {
		p.refuse(w, &who, badForm)
		return
	}
	c := toolCall{Name: v.Tool.Name}
	if r.PostForm.Has(fieldQuestions) {
		c, ok = v.answered(r.PostForm.Get)
	} else {
		c.Arguments, ok = readFields(v.Fields, argumentPrefix, r.PostForm.Get)
	}
	if !ok {
		v.failed()
		p.renderTry(w, http.StatusBadRequest, who, v)
		return
	}
	a := t.call(r.Context(), v.Era, c)
	v.concluded(c, a)
	v.Exchanges = t.exchanges
	p.renderTry(w, http.StatusOK, who, v)
}

// failed says that a form could not be sent on. That of a question is there again.
func (v *tryView) failed() {
	if v.Question != nil {
		v.Outcome = &outcome{Mood: "asks", Title: "The question is still open"}
		return
	}
	v.Failed = true
	v.Outcome = &outcome{Mood: "bad", Title: "Nothing was sent"}
}

// concluded takes the answer to c.
func (v *tryView) concluded(c toolCall, a answer) {
	o := a.outcome()
	v.Outcome = &o
	if o.Mood == "asks" {
		q := newQuestion(a.rpc.Result.Questions)
		q.Arguments, q.State = string(c.Arguments), a.rpc.Result.State
		v.Question = &q
	}
}

// newQuestion reads `inputRequests`.
func newQuestion(raw jsontext.Value) question {
	q := question{Raw: string(raw)}
	var requests map[string]struct {
		Method string `json:"method"`
		Params struct {
			Mode    string       `json:"mode"`
			Message string       `json:"message"`
			Schema  objectSchema `json:"requestedSchema"`
		} `json:"params"`
	}
	if err := json.Unmarshal(raw, &requests); err != nil || len(requests) == 0 {
		q.Strange = true
	}
	for i, key := range slices.Sorted(maps.Keys(requests)) {
		request := requests[key]
		if request.Method != "elicitation/create" || (request.Params.Mode != "" && request.Params.Mode != "form") {
			q.Strange = true
		}
		prefix := "q" + strconv.Itoa(i) + "."
		q.Asks = append(q.Asks, ask{key, prefix, request.Params.Message, newFields(request.Params.Schema, prefix)})
	}
	return q
}

// answered reads the form of a question into the second round of the call. Not ok when the
// question must be asked again; then v shows it.
func (v *tryView) answered(sent func(string) string) (toolCall, bool) {
	q := newQuestion(jsontext.Value(sent(fieldQuestions)))
	q.Arguments, q.State = sent(fieldArguments), sent(fieldState)
	c := toolCall{Name: v.Tool.Name, Arguments: jsontext.Value(q.Arguments), State: q.State}
	action := sent(fieldAction)
	ok := !q.Strange && c.Arguments.IsValid() && (action == "accept" || action == "decline" || action == "cancel")
	answers := map[string]reply{}
	for i := range q.Asks {
		a := &q.Asks[i]
		r := reply{Action: action}
		if action == "accept" {
			var filled bool
			r.Content, filled = readFields(a.Fields, a.prefix, sent)
			ok = ok && filled
		}
		answers[a.key] = r
	}
	v.fill(c.Arguments)
	if !ok {
		v.Question = &q
		return toolCall{}, false
	}
	var err error
	c.Answers, err = json.Marshal(answers, json.Deterministic(true))
	return c, err == nil
}

// reply is one of `inputResponses`.
type reply struct {
	Action  string         `json:"action"`
	Content jsontext.Value `json:"content,omitzero"`
}

// fill shows arguments that were sent before.
func (v *tryView) fill(arguments jsontext.Value) {
	var members map[string]jsontext.Value
	if json.Unmarshal(arguments, &members) != nil {
		return
	}
	for i := range v.Fields {
		f := &v.Fields[i]
		f.Value = f.shown(members[f.Name[len(argumentPrefix):]])
	}
}
