// Hides the people who do not match the search, and opens the tables of those who do.
(() => {
  "use strict";
  const box = document.getElementById("search");
  const input = box.querySelector("input");
  const count = box.querySelector("output");
  const tables = Array.from(document.querySelectorAll("section.people table"), (table) => ({
    table,
    folded: table.closest("details"),
    people: Array.from(table.tBodies[0].rows, (person) => ({
      person,
      text: person.textContent.toLowerCase(),
    })),
  }));
  const sections = Array.from(document.querySelectorAll("section.people"));
  const isOpen = new Map(tables.map(({ folded }) => [folded, folded?.open]));
  const all = tables.reduce((sum, { people }) => sum + people.length, 0);
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    let found = 0;
    for (const { table, folded, people } of tables) {
      let here = 0;
      for (const { person, text } of people) {
        person.hidden = !text.includes(wanted);
        here += person.hidden ? 0 : 1;
      }
      (folded ?? table).hidden = here === 0;
      if (folded) folded.open = wanted === "" ? isOpen.get(folded) : here > 0;
      found += here;
    }
    for (const section of sections) {
      section.hidden = section.querySelector("tbody > tr:not([hidden])") === null;
    }
    count.textContent = wanted === "" ? "" : `${found} of ${all} people`;
  };
  input.addEventListener("input", search);
  // Folded people are printed too, also by browsers that leave them out.
  window.addEventListener("beforeprint", () => {
    for (const { folded } of tables) if (folded) folded.open = true;
  });
  // A browser may have kept the field's text when the page is opened again.
  if (input.value !== "") search();
  box.hidden = all === 0;
})();
