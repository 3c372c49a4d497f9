// Hides the people who do not match the search.
(() => {
  "use strict";
  const box = document.getElementById("search");
  const input = box.querySelector("input");
  const count = box.querySelector("output");
  const sections = Array.from(document.querySelectorAll("section.people"), (section) => ({
    section,
    people: Array.from(section.querySelectorAll("article"), (person) => ({
      person,
      text: person.textContent.toLowerCase(),
    })),
  }));
  const all = sections.reduce((sum, { people }) => sum + people.length, 0);
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    let found = 0;
    for (const { section, people } of sections) {
      let here = 0;
      for (const { person, text } of people) {
        person.hidden = !text.includes(wanted);
        here += person.hidden ? 0 : 1;
      }
      section.hidden = here === 0;
      found += here;
    }
    count.textContent = wanted === "" ? "" : `${found} of ${all} people`;
  };
  input.addEventListener("input", search);
  // A browser may have kept the field's text when the page is opened again.
  search();
  box.hidden = all === 0;
})();
