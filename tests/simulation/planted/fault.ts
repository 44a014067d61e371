/** A mistake that is put into the sources to check that the simulation finds it. */
export interface PlantedFault {
  /** The wrong behaviour of the code. */
  readonly name: string;
  readonly file: string;
  /** Code that occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The reason why the judge cannot notice it, if that is known. */
  readonly hiddenBy?: string;
}

/** A part of the sources, and the faults that are planted there. */
export interface PlantedRoom {
  readonly room: string;
  readonly faults: readonly PlantedFault[];
}
