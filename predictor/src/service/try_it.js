for (const form of document.querySelectorAll("form.try")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("output");
    let path = form.dataset.path;
    const query = new URLSearchParams();
    for (const input of form.querySelectorAll("input")) {
      const place = `{${input.name}}`;
      if (input.dataset.in === "path") path = path.replace(place, encodeURIComponent(input.value));
      else if (input.value !== "") query.set(input.name, input.value);
    }
    if (query.size > 0) path += `?${query}`;
    const request = { method: form.dataset.method };
    const body = form.querySelector("textarea");
    if (body) {
      request.body = body.value;
      request.headers = { "Content-Type": "application/json" };
    }
    said.textContent = "…";
    try {
      const answer = await fetch(path, request);
      const version = answer.headers.get("x-model-version");
      said.textContent = `${answer.status}${version ? ` · version ${version}` : ""}\n${await answer.text()}`;
    } catch (error) {
      said.textContent = `no answer: ${error}`;
    }
  });
}
