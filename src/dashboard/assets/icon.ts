/** The icon of the pages, as SVG. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#b5482a"/>
<path d="M6 25V14l6 4v-4l6 4v-4l8 5v6z" fill="#fff"/></svg>
`;
